"""Certificates that a spec names come with it, and stand in its plan."""

from __future__ import annotations

from pathlib import Path

from pcloud.model.plan import HttpCheck
from pcloud.spec.files import files_of
from pcloud.spec.loading import load
from pcloud.spec.planning import plan
from tests.agents.certificates import certificate
from tests.spec.examples import SOUND

CHECK = 'http: "http://${web.address}/"'
PINNED = SOUND.replace(CHECK, 'http: "https://${web.address}/", certificate: files/web.pem')


def test_a_certificate_is_a_file_of_the_spec_and_a_text_of_the_plan(tmp_path: Path) -> None:
    assert files_of(PINNED) == ["files/web.pem"]
    pem = certificate(tmp_path, "web", "127.0.0.1").pem
    _, web = plan(load(PINNED, path="spec.yaml", files={"files/web.pem": pem})).assemblies
    assert web.resources[1].checks[0].what == HttpCheck("https://${web.address}/", 200, "", pem)

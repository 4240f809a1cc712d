"""The picture of a recovery that has just happened, as an operator asks for it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from pcloud.model.words import Rung
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon
from tests.system.specs import pair
from tests.system.test_recoveries import FAULTS

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def test_silence_second_sight_fence_create_boot_and_verify_of_a_real_recovery_are_in_it(
    daemon: Daemon, pcloud: Pcloud, tmp_path: Path
) -> None:
    daemon.bring_up(pair())
    mark = daemon.newest()
    FAULTS[Rung.RELAUNCH](daemon)
    daemon.until_event(lambda event: event.assembly is None and event.to == "healthy", "healthy again", mark)
    ended = pcloud("explain", "pair/back", "--svg", str(tmp_path / "back.svg"))
    assert (ended.code, ended.err) == (0, "")
    said = [each.text or "" for each in Xml.parse(tmp_path / "back.svg").iter()]
    assert any(each.startswith("pair/back: well again after") for each in said)
    assert any("DECIDED suspect → failed: silent for" in each and "the cloud says ABSENT" in each for each in said)
    stretches = [each.rpartition(",")[0] for each in said if each.endswith("s") and "(" in each]
    order = ["suspect (silence)", "fencing (stop (fence))", "launching (create, attach)", "booting (boot)", "verifying (verify)"]
    assert [each for each in stretches if each in order] == order

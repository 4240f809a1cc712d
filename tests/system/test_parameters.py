"""What one machine is told of another, again when that changes; and images and sizes that are named by infrastructure."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.driver import image_names
from cpe.shell.infrastructures.local.processes import kill_all
from cpe.shell.infrastructures.local.records import load_machine
from tests.system.running import Daemon

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

SPEC = """
deployable: told
infrastructure: [lab, local]
defaults:
  image: {lab: IMAGE, local: host}
  size: {lab: m1.small}
  data: ephemeral
  monitor: {interval: 200ms, timeout: 2s, silence: 2s}
assemblies:
  back: {}
  front:
    after: [back]
    parameters:
      DB_HOST: "${back.address}"
      DB_PORT: 03306
      SELF: "${front.name}@${front.address}"
      WHO: "${back.hostname} #${back.generation}"
    configure:
      inline: |
        mkdir -p "$PCLOUD_ROOT/site"
        echo "$DB_HOST $DB_PORT $SELF $WHO" >"$PCLOUD_ROOT/site/index.html"
    resources:
      site:
        agent: >-
          process:echo "$DB_HOST $DB_PORT" >>"$PCLOUD_ROOT/started"; cd "$PCLOUD_ROOT/site";
          exec python3 -m http.server --bind "$PCLOUD_ADDRESS" 7001
        checks: [{http: "http://${front.address}:7001/", contains: "${back.address} 03306 front@${front.address}", from: controller}]
"""


@pytest.fixture
def lab(daemon: Daemon) -> Path:
    """A second infrastructure, of which the machines lie in another directory."""
    daemon.end()
    daemon.config.write_text('[infrastructures.lab]\ndriver = "local"\n')
    daemon.start()
    return daemon.state / "clouds" / "lab" / "nodes"


def test_parameters_follow_the_machine_that_they_speak_of(daemon: Daemon, lab: Path) -> None:
    try:
        follow(daemon, lab, SPEC.replace("IMAGE", image_names()[-1]))
    finally:
        for node in lab.iterdir():
            kill_all(node)


def follow(daemon: Daemon, lab: Path, source: str) -> None:
    daemon.bring_up(source)
    back, front = (daemon.assembly("told", name).instance for name in ("back", "front"))
    assert back is not None
    assert front is not None
    record = load_machine(lab / back.id)
    assert (record.image, record.size) == (image_names()[-1], "m1.small")
    root = lab / front.id / "root"
    assert (root / "site" / "index.html").read_text() == f"{back.address} 03306 front@{front.address} told-back #1\n"
    assert (root / "started").read_text() == f"{back.address} 03306\n"
    mark = daemon.newest()
    kill_all(lab / back.id)
    daemon.client.relaunch("told", "back")
    daemon.until_event(lambda event: "DB_HOST" in event.reason and "changed" in event.reason, "it is configured again", mark)
    daemon.until_state("told", "healthy")
    new = daemon.assembly("told", "back").instance
    assert new is not None
    assert new.address != back.address
    written = (root / "site" / "index.html").read_text()
    assert written == f"{new.address} 03306 front@{front.address} told-back #2\n"
    assert (root / "started").read_text() == f"{back.address} 03306\n{new.address} 03306\n", "restarted with the new values"

"""A disk that is really full, under a whole daemon: what fails meanwhile is seen and left alone, and recovered once there is room."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pcloud.errors import PcloudError, StoreError
from tests.agents.processes import marked
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until
from tests.system.specs import group

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(180),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small tmpfs"),
]

SIZE = "32m"
BLOCK = b"\0" * 65536


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose whole state, machines included, is on a small disk of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    made = Daemon(tmp_path)
    made.state = disk / "state"
    alerts = tmp_path / "alerts"
    made.config.write_text(f"alert_command = {json.dumps(f'cat >> {alerts}')}\n")
    try:
        made.start()
        yield made
    finally:
        made.clear()
        subprocess.run(["umount", "--lazy", disk], check=True)
    until(lambda: not marked(str(made.state)), "no process of its machines is left", 10)


def fill(daemon: Daemon) -> Path:
    """Leave no room at all, and see that the store knows."""
    filler = daemon.state.parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(BLOCK)
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 512)

    def refused() -> bool:
        """What the log of the store has room for is taken first."""
        try:
            daemon.create(group(f"more-{len(daemon.client.list_deployables())}"))
        except StoreError:
            return True
        return False

    until(refused, "nothing can be stored any more")
    return filler


def test_what_fails_on_a_full_disk_is_seen_left_alone_and_recovered_once_there_is_room(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pcloud: Pcloud
) -> None:
    daemon.bring_up(group("shop"))
    alerts, before = tmp_path / "alerts", daemon.newest()
    filler = fill(daemon)
    dead = daemon.kill_service("shop", "m1")
    status = daemon.until_state("shop", "unhealthy", "recovering", "failed", "degraded")
    assert "nothing is done: the store cannot be written" in status.held
    assert "database or disk is full" in daemon.client.daemon().trouble
    until(lambda: alerts.exists() and alerts.read_text(), "somebody is told")
    (told,) = (json.loads(line) for line in alerts.read_text().splitlines())
    assert (told["kind"], told["seq"], told["deployable"]) == ("alert", 0, "")
    assert "database or disk is full; everything is watched, and nothing is done" in told["reason"]

    shown = pcloud("status", "shop")
    assert "nothing is done: the store cannot be written: database or disk is full" in shown.out
    refused = pcloud("resource", "restart", "shop/m1/sleeper")
    assert (refused.code, refused.err.splitlines()[0]) == (1, "error: the store cannot be written: database or disk is full")
    with pytest.raises(PcloudError, match="cannot be written"):
        daemon.client.restart("shop", "m1", "sleeper")
    assert daemon.pid("shop", "m1", "sleeper") == dead, "nothing was done"
    assert daemon.decided(before) == []

    filler.unlink()
    daemon.until_state("shop", "healthy")
    assert daemon.pid("shop", "m1", "sleeper") != dead
    assert daemon.decided(before) == [("shop/m1/sleeper", "restart")]
    over = daemon.until_event(lambda event: event.kind == "unwritable", "what was is recorded", before)
    assert "everything was watched, and nothing was done: the store cannot be written" in over.reason
    assert not over.alert, "who was told already is not called again"
    assert daemon.client.daemon().trouble == ""
    assert all(row.comparison == "same" for row in daemon.replayed("shop").decisions)
    assert len(alerts.read_text().splitlines()) == 1

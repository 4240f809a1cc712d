"""A daemon is backed up while it runs, its state is lost, and the one that is restored reaches the machines and waits for a takeover."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Pcloud
from tests.system.running import Daemon
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def is_backed_up(daemon: Daemon, pcloud: Pcloud, file: Path) -> None:
    """A backup is in the file, for nobody else to read; what is there is not written over unless that is said."""
    made = pcloud("backup", str(file), "--json")
    assert (made.code, json.loads(made.out)) == (0, {"file": str(file), "bytes": file.stat().st_size})
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    again = pcloud("backup", str(file))
    assert (again.code, again.err.splitlines()[0]) == (4, f"error: {file} exists")
    assert file.read_bytes() == content
    assert pcloud("backup", str(file), "--force").code == 0
    assert pcloud("backup", str(file.parent / "nowhere" / "file")).code == 1
    assert not list(daemon.state.glob("backup*"))
    assert not list(file.parent.glob(".backup*"))


def test_what_is_restored_reaches_its_machines_and_only_observes(
    daemon: Daemon, tmp_path: Path, pcloud: Pcloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PCLOUD_STATE", str(daemon.state))
    daemon.bring_up(group("shop"))
    pid = daemon.pid("shop", "m1", "sleeper")
    file = tmp_path / "backup"

    is_backed_up(daemon, pcloud, file)
    running = pcloud("restore", str(file), "--yes")
    assert running.code == 4
    assert "another daemon" in running.err
    daemon.end()
    unasked = pcloud("restore", str(file))
    assert unasked.code == 4
    assert "add --yes" in unasked.err
    for lost in ("keys", "store.db", "home"):
        place = daemon.state / lost
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    done = pcloud("restore", str(file))
    assert done.code == 0, done.err
    assert "1 deployable\n" in done.out

    daemon.start()
    status = daemon.until_state("shop", "healthy")
    assert status.observing == "the store was restored from a backup"
    assert daemon.pid("shop", "m1", "sleeper") == pid, "nothing was done to it"
    mark = daemon.newest()
    daemon.kill_service("shop", "m1")
    daemon.until_event(lambda event: event.record is not None, "what would be done is recorded", mark)
    assert pcloud("takeover", "shop", "--yes").code == 0
    daemon.until_event(lambda event: event.resource == "sleeper" and event.to == "healthy", "it is started again", mark)
    assert daemon.pid("shop", "m1", "sleeper") != pid

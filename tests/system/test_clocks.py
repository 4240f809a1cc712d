"""A clock that is set while the daemon runs: nothing is done for it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.processes import kill_all
from pcloud.replay.report import Comparison
from tests.infrastructures.machines import root
from tests.system.racks import Rack, open_to
from tests.system.running import Daemon, until

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(180),
    pytest.mark.skipif(LIBRARY is None, reason="needs the Debian package faketime"),
]

HOUR = 3600
UNTOUCHED = 4.0  # seconds in which a wrong recovery would have begun: twice the silence of these machines


class Clock:
    """The wall clock of one daemon; what is monotonic goes on as it does."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock"
        self.set(0)

    def set(self, ahead: int) -> None:
        """So many seconds ahead of the real one."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead:+d}\n")
        new.rename(self._file)  # a file that is half written would be no clock

    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def racks(tmp_path: Path) -> Iterator[dict[str, Rack]]:
    """Two machines that testify for each other. Not of the daemon's own cloud: its driver sleeps, and libfaketime cannot."""
    with ExitStack() as ending:
        made = {}
        for name in ("one", "two"):
            made[name] = Rack(tmp_path / name)
            ending.callback(kill_all, made[name].home)
        yield made


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def daemon(tmp_path: Path, racks: dict[str, Rack], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    made.config.write_text('[infrastructures.rack]\ndriver = "static"\n')
    try:
        with monkeypatch.context() as patched:
            for name, value in clock.environment().items():
                patched.setenv(name, value)
            made.process = made.spawn()
        until(made.answers, "the daemon answers")
        yield made
    finally:
        made.clear()


def spec(racks: dict[str, Rack], directory: Path) -> str:
    """Whatever is done to a machine leaves a file."""
    assemblies = "".join(
        f"""
  {name}:
    address: {rack.address}
    monitor: {rack.monitor()}
    reboot: {{command: "touch {directory}/rebooted"}}
    resources:
      sleeper: {{agent: 'process:sleep 100000'}}
"""
        for name, rack in racks.items()
    )
    return f"""
deployable: racked
infrastructure: rack
defaults:
  monitor: {{interval: 200ms, timeout: 1s, silence: 2s}}
assemblies:{assemblies}"""


def sleeper(rack: Rack) -> int:
    return int((root(rack.driver, rack.node) / "run" / "pcloud" / "sleeper.pid").read_text().split()[0])


def test_no_recovery_follows_from_a_clock_that_is_set_an_hour_forward_or_back(
    daemon: Daemon, racks: dict[str, Rack], clock: Clock, tmp_path: Path
) -> None:
    daemon.create(spec(racks, tmp_path))
    daemon.client.start("racked")
    for name, rack in racks.items():
        open_to(daemon, rack, "racked", name)
    daemon.until_state("racked", "healthy")
    pids, mark = [sleeper(rack) for rack in racks.values()], daemon.newest()
    for ahead, jumped in ((HOUR, "clock_jumped=3600.0"), (0, "clock_jumped=-3600.0")):
        clock.set(ahead)
        until(lambda jumped=jumped: jumped in daemon.log_end(), f"the daemon has noticed: {jumped}")
        time.sleep(UNTOUCHED)
    daemon.until_state("racked", "healthy")
    assert not [event for event in daemon.events(mark) if event.record is not None], daemon.story(mark)
    assert [sleeper(rack) for rack in racks.values()] == pids
    assert not (tmp_path / "rebooted").exists()

    os.kill(pids[0], signal.SIGKILL)  # and what does fail is still recovered
    daemon.until_event(lambda event: event.resource == "sleeper" and event.to == "healthy", "it is restarted", mark)
    assert daemon.decided(mark) == [("racked/one/sleeper", "restart")]
    assert {row.comparison for row in daemon.replayed("racked").decisions} == {Comparison.SAME}

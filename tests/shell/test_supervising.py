"""What systemd is told of the daemon, and when it is told nothing; what ends the daemon."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

import cpe.daemon.house
from agents.answers import reach
from cpe.daemon.house import Places
from cpe.daemon.notifying import LONGER, TakingUp, feed_watchdog, notify, watchdog_interval
from cpe.daemon.running import run
from cpe.daemon.supervising import HUNG, Supervision, of_deployables
from cpe.shell.anchors import Anchors
from cpe.shell.attending import Attendance
from cpe.shell.guards import Overseer
from cpe.shell.keeper import Keeper
from cpe.shell.metrics.census import Census, Seen
from cpe.shell.store.sqlite import SqliteStore
from pcloud.model.guards import AssemblyStanding, Standing
from tests.shell.guards import no_infrastructure

pytestmark = pytest.mark.real


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not look():  # noqa: ASYNC110 - what we wait for happens in sockets and threads
            await asyncio.sleep(0.01)


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """All that it has heard by now."""
        while True:
            try:
                self.heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard

    async def hears(self, text: str) -> None:
        await until(lambda: any(text in each for each in self.listen()))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    made = Systemd(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    yield made
    made.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(tmp_path / "state") as made:
        yield made


def supervision(store: SqliteStore) -> tuple[Supervision, Overseer]:
    """Of a daemon without deployables."""
    guards = Overseer(Anchors({}, no_infrastructure, reach), lambda report: store.report("", report, wall=0.0))
    keeper = Keeper(store, lambda *_: None, lambda: 0.0, lambda _: None, lambda _: None)  # type: ignore[arg-type, return-value]
    return Supervision(Census(Attendance(keeper, lambda: None)), guards, store), guards


async def test_the_watchdog_is_fed_only_while_the_daemon_is_well(systemd: Systemd, caplog: pytest.LogCaptureFixture) -> None:
    ill = ""
    feeding = asyncio.create_task(feed_watchdog(0.01, lambda: ill))
    await systemd.hears("WATCHDOG=1")
    ill = "the store hangs"
    await until(lambda: "no sign of life for systemd" in caplog.messages)
    systemd.listen()
    systemd.heard.clear()
    await asyncio.sleep(0.2)  # twenty meals
    assert systemd.listen() == []
    assert caplog.messages.count("no sign of life for systemd") == 1
    ill = ""
    await systemd.hears("WATCHDOG=1")
    feeding.cancel()


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
    ],
    ids=["none is asked for", "half of it", "of somebody else", "nonsense"],
)
def test_signs_of_life_are_given_twice_as_often_as_asked(
    environment: dict[str, str], interval: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert watchdog_interval() == interval


async def test_a_store_that_hangs_is_told_in_the_status_and_after_minutes_the_daemon_is_not_well(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, _ = supervision(store)
    gate = threading.Event()
    hanging = asyncio.create_task(store.write(lambda _: [gate.wait(60)][:0]))
    try:
        await until(lambda: store.load().under_way > 0.05)
        assert (looks.status(), looks.unwell()) == ("no deployables", "")
        monkeypatch.setattr("cpe.daemon.supervising.SLOW", 0.01)
        assert looks.status().startswith("no deployables; the store has not answered for ")
        assert looks.unwell() == ""
        monkeypatch.setattr("cpe.daemon.supervising.HUNG", 0.01)
        assert looks.unwell().startswith("the store has not answered for ")
    finally:
        gate.set()
    await hanging
    assert (looks.status(), looks.unwell()) == ("no deployables", "")
    assert HUNG * 2 >= 600.0, "two such ends never lie within ten minutes"


async def test_the_status_is_sent_when_it_is_another_one(store: SqliteStore, systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cpe.daemon.supervising.SELDOM", 0.01)
    monkeypatch.setattr("cpe.daemon.supervising.AT_LEAST", 0.01)
    looks, guards = supervision(store)
    telling = asyncio.create_task(looks.tell())
    await systemd.hears("STATUS=no deployables")
    await asyncio.sleep(0.2)  # ten looks
    assert systemd.listen() == ["STATUS=no deployables"]
    async with guards.watch():
        assemblies = tuple(AssemblyStanding(name, "lab", "b", silent=True, active=True, unhealthy=True) for name in ("one", "two"))
        guards.stand(Standing("shop", assemblies))
        await systemd.hears("STATUS=no deployables; all_silent holds on lab zone b")
        telling.cancel()


async def test_a_systemd_that_takes_nothing_in_holds_nobody_up(systemd: Systemd, caplog: pytest.LogCaptureFixture) -> None:
    sent = 0
    while notify("WATCHDOG=1"):
        sent += 1
        assert sent < 100_000, "its socket never fills"
    assert "systemd cannot be notified" in caplog.messages
    assert len(systemd.listen()) == sent
    assert notify("WATCHDOG=1")


def test_the_status_counts_what_there_is() -> None:
    counts = {("deployable", "healthy"): 2, ("deployable", "blocked"): 1, ("assembly", "healthy"): 4, ("contact", ""): 4}
    seen = Seen(counts, 0, 0, 0)  # type: ignore[arg-type]
    assert of_deployables(seen) == ["3 deployables: 2 healthy, 1 blocked", "contact with 4 of 4 machines"]
    busy = Seen(counts | {("recovery", "reboot"): 2, ("held", "storm"): 1}, 0, 0, 0)  # type: ignore[arg-type]
    assert of_deployables(busy)[-1] == "2 recoveries under way, 1 held by storm"


async def test_a_start_that_takes_long_asks_for_more_time_and_not_for_each_deployable(systemd: Systemd) -> None:
    told = TakingUp()
    for done in range(1000):
        told(done, 1000)
    heard = systemd.listen()
    assert heard[0] == f"EXTEND_TIMEOUT_USEC={LONGER}\nSTATUS=taking up deployables: 0 of 1000"
    assert len(heard) < 10


@pytest.fixture
async def running(tmp_path: Path, systemd: Systemd) -> AsyncIterator[asyncio.Task[None]]:
    """A whole daemon, in this process."""
    config = tmp_path / "pcloud.toml"
    config.touch()
    task = asyncio.create_task(run(Places(config, tmp_path / "state", tmp_path / "api.sock")))
    await systemd.hears("READY=1")
    yield task
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[SqliteStore]:
    """The stores that are opened from now on."""
    found: list[SqliteStore] = []

    class Noted(SqliteStore):
        async def open(self) -> None:
            await super().open()
            found.append(self)

    monkeypatch.setattr(cpe.daemon.house, "SqliteStore", Noted)
    return found


async def test_a_daemon_in_whose_store_nothing_can_be_written_any_more_ends_with_what_is_wrong(
    opened: list[SqliteStore], running: asyncio.Task[None], systemd: Systemd, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match=r"division by zero|writer"):
        await opened[0].write(lambda _: [1 / 0][:0])
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(running, 30)
    assert systemd.listen()[-1] == "STOPPING=1\nSTATUS=stopping"
    assert not (tmp_path / "api.sock").exists()


@pytest.fixture
def misspelt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in the line that is shown."""
    monkeypatch.setattr(Supervision, "status", lambda _: 1 / 0)


async def test_a_bug_in_the_line_that_is_shown_is_logged_and_ends_nobody_else(
    misspelt: None, running: asyncio.Task[None], caplog: pytest.LogCaptureFixture
) -> None:
    await until(
        lambda: any(
            record.exc_info and record.exc_info[0] is ZeroDivisionError for record in (*caplog.get_records("setup"), *caplog.records)
        )
    )
    await asyncio.sleep(0.1)
    assert not running.done()

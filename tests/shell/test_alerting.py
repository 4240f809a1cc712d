"""The operator's alert command: a real shell, a real store, real files that it writes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cpe.shell.alerting import MARK, Alerting, alerting, run_command
from cpe.shell.store.sqlite import SqliteStore
from pcloud.model.actions import Report
from pcloud.records.event import EventRecord

pytestmark = pytest.mark.real

PATIENCE = 20.0  # seconds; only a bug reaches it


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


async def until_handed_over(store: SqliteStore) -> None:
    (newest,) = await store.events(kind="alert", limit=1, last=True)
    async with asyncio.timeout(PATIENCE):
        while await store.mark(MARK) != str(newest.seq):  # noqa: ASYNC110 - the store tells nobody of it
            await asyncio.sleep(0.01)


async def raise_alert(store: SqliteStore, reason: str, deployable: str = "shop") -> None:
    await store.report(deployable, Report("held", "mysql", reason=reason, decision="shop.7", alert=True), wall=time.time())


@asynccontextmanager
async def running(store: SqliteStore, command: str, *, timeout: float = 10.0, backlog: int = 1000) -> AsyncIterator[None]:
    alerts = Alerting(store, command, time.time, timeout=timeout, backlog=backlog)
    await alerts.open()
    task = asyncio.create_task(alerts.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def handed_over(file: Path) -> list[EventRecord]:
    return [EventRecord.model_validate_json(line) for line in file.read_text().splitlines()] if file.exists() else []


def lives(pid: str) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def reasons(file: Path) -> list[str]:
    return [event.reason for event in handed_over(file)]


async def test_each_alert_comes_as_the_apis_json_on_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "alerts"
    async with SqliteStore(tmp_path / "state") as store, alerting(store, f"cat >> {file}", time.time):
        await raise_alert(store, "unreachable")
        await store.report("shop", Report("changed", reason="no alert"), wall=time.time())
        await raise_alert(store, "exhausted")
        await until_handed_over(store)
        alerts = await store.events(kind="alert")
    assert handed_over(file) == alerts
    body = json.loads(file.read_text().splitlines()[0])
    assert (body["kind"], body["deployable"], body["assembly"], body["reason"]) == ("alert", "shop", "mysql", "unreachable")
    assert set(body) >= {"id", "seq", "at", "deployable", "assembly", "resource", "kind", "from", "to", "reason", "decision"}


async def test_alerts_are_handed_over_one_after_another_in_order(tmp_path: Path) -> None:
    file = tmp_path / "alerts"
    command = f"echo begin >> {file}; sleep 0.1; cat > /dev/null; echo end >> {file}"
    async with SqliteStore(tmp_path / "state") as store, running(store, command):
        for number in range(3):
            await raise_alert(store, str(number))
        await until_handed_over(store)
    assert file.read_text().split() == ["begin", "end"] * 3


async def test_a_first_start_begins_with_what_happens_from_then_on(tmp_path: Path) -> None:
    file = tmp_path / "alerts"
    async with SqliteStore(tmp_path / "state") as store:
        await raise_alert(store, "before there was a command")
        async with running(store, f"cat >> {file}"):
            await raise_alert(store, "after")
            await until_handed_over(store)
    assert reasons(file) == ["after"]


async def test_what_was_not_handed_over_is_handed_over_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "alerts"
    async with SqliteStore(tmp_path / "state") as store:
        async with running(store, f"cat >> {file}"):
            await raise_alert(store, "first")
            await until_handed_over(store)
        await raise_alert(store, "nobody listens")
    async with SqliteStore(tmp_path / "state") as store, running(store, f"cat >> {file}"):
        await until_handed_over(store)
    assert reasons(file) == ["first", "nobody listens"]


async def test_one_that_was_interrupted_is_handed_over_again(tmp_path: Path) -> None:
    file, pids = tmp_path / "alerts", tmp_path / "pids"
    async with SqliteStore(tmp_path / "state") as store:
        async with running(store, f"echo $$ > {pids}; sleep 1000"):
            await raise_alert(store, "again")
            await until(lambda: pids.exists() and pids.read_text().strip())
        assert not lives(pids.read_text().strip())
        async with running(store, f"cat >> {file}"):
            await until_handed_over(store)
    assert reasons(file) == ["again"]


async def test_a_command_that_was_taken_away_and_comes_back_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "alerts"
    async with SqliteStore(tmp_path / "state") as store:
        async with running(store, f"cat >> {file}"):
            pass
        async with alerting(store, "", time.time):
            await raise_alert(store, "nobody wants to know")
        async with running(store, f"cat >> {file}"):
            await raise_alert(store, "somebody does again")
            await until_handed_over(store)
    assert reasons(file) == ["somebody does again"]


async def test_a_command_that_fails_is_said_in_the_journal_and_by_no_alert(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / "state") as store, running(store, "exit 3"):
        await raise_alert(store, "unreachable")
        await until_handed_over(store)
        (failed,) = await store.events(kind="alert_failed")
        assert len(await store.events(kind="alert")) == 1
    assert (failed.target, failed.alert, failed.decision) == ("shop/mysql", False, "shop.7")
    assert failed.reason == "alert_command ended with exit status 3"


async def test_a_command_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    async with SqliteStore(tmp_path / "state") as store, running(store, f"sleep 1000 & echo $! $$ > {pids}; wait", timeout=0.5):
        await raise_alert(store, "unreachable")
        await until_handed_over(store)
        (failed,) = await store.events(kind="alert_failed")
    assert failed.reason == "alert_command was not done after 0.5s, and was killed"
    for pid in pids.read_text().split():
        await until(lambda pid=pid: not lives(pid))


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        ("true", ""),
        ("cat > /dev/null", ""),
        ("exec 0<&-; sleep 0.2", ""),
        ("kill -TERM $$", "was killed by signal 15"),
        ("no-such-command-anywhere", "ended with exit status 127"),
    ],
)
async def test_what_becomes_of_a_command(command: str, failure: str) -> None:
    assert await run_command(command, "x" * 1_000_000, 10.0) == failure


async def test_too_many_alerts_are_left_out_oldest_first_and_that_is_said_once(tmp_path: Path) -> None:
    file, begun, wait = tmp_path / "alerts", tmp_path / "begun", tmp_path / "wait"
    wait.touch()
    command = f"touch {begun}; while [ -e {wait} ]; do sleep 0.02; done; cat >> {file}"
    async with SqliteStore(tmp_path / "state") as store, running(store, command, backlog=4):
        await raise_alert(store, "0")
        await until(begun.exists)
        for number in range(1, 11):
            await raise_alert(store, str(number))
        wait.unlink()
        await until_handed_over(store)
        (left_out,) = await store.events(kind="alerts_left_out")
    assert reasons(file) == ["0", "9", "10"]
    assert left_out.reason == "alert_command is too slow: 8 alerts are left out; pcloud events --alerts shows them"

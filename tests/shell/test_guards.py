"""The guards in the daemon's loop: who hears what, when, and what the journal gets."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cpe.shell.anchors import Anchors
from cpe.shell.guards import UNWRITTEN, Overseer
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import StoreError
from pcloud.model.actions import Report
from pcloud.model.guards import AssemblyStanding, GuardWord, OutsideDoubt, PermitAnswer, PermitRequest, Standing
from pcloud.model.ports import Infrastructure
from pcloud.model.words import Guard, Reach, Rung
from pcloud.screen.format import event_line


async def deaf(host: str, port: int, timeout: float) -> Reach:
    return Reach.SILENT


def no_infrastructure(name: str) -> Infrastructure:
    raise AssertionError(name)


class Room:
    """Guards with five deployables before them; ``heard`` is what each DPE heard, ``journal`` what was written."""

    def __init__(self) -> None:
        self.overseer = Overseer(Anchors({}, no_infrastructure, deaf), self.report)
        self.heard: dict[str, list[GuardWord]] = {}
        self.journal: list[Report] = []
        self.broken = False
        for index in range(5):
            self.join(f"d{index}")

    async def report(self, report: Report) -> None:
        if self.broken:
            raise StoreError("the disk is full")
        self.journal.append(report)

    def join(self, name: str) -> None:
        self.heard[name] = []
        self.overseer.attend(name, self.heard[name].append)
        self.stand(name)

    def stand(self, name: str, **fields: bool) -> None:
        self.overseer.stand(Standing(name, (AssemblyStanding("a", "local", **fields),)))

    def ask(self, name: str, permit: str = "") -> None:
        self.overseer.ask(PermitRequest(permit or name, name, "a", "local", Rung.REBOOT))

    def answers(self, name: str) -> list[Guard | None]:
        """Who held, None for granted."""
        words = [word for word in self.heard[name] if isinstance(word, PermitAnswer)]
        return [None if word.granted else word.guards[-1].guard for word in words]


@pytest.fixture
async def room() -> Room:
    return Room()


async def test_words_come_in_the_next_round_of_the_loop_never_within_the_call(room: Room) -> None:
    room.ask("d0")
    assert room.heard["d0"] == []
    await asyncio.sleep(0)
    assert room.answers("d0") == [None]


async def test_a_dpe_may_speak_again_while_it_hears(room: Room) -> None:
    def hear(word: GuardWord) -> None:
        room.heard["d0"].append(word)
        if len(room.heard["d0"]) == 1:
            room.overseer.give_back("d0", "p")
            room.ask("d0", "q")

    room.overseer.attend("d0", hear)
    room.ask("d0", "p")
    await asyncio.sleep(0.01)
    assert room.answers("d0") == [None, None]


async def test_time_alone_ends_a_permit_and_lets_the_next_begin(room: Room) -> None:
    room.overseer.forget("d4")
    room.ask("d0")
    room.ask("d1")
    await asyncio.sleep(9.9)
    assert room.answers("d1") == [Guard.SERIAL]
    await asyncio.sleep(0.2)
    assert room.answers("d1") == [Guard.SERIAL, None]


async def test_a_storm_is_written_into_the_journal_and_so_is_its_end(room: Room) -> None:
    async with room.overseer.watch():
        for index in range(3):
            room.stand(f"d{index}", unhealthy=True)
        await asyncio.sleep(400)
        room.stand("d0")
        await asyncio.sleep(121)
    assert [(each.kind, each.reason, each.alert) for each in room.journal] == [
        ("storm", "infrastructure local: 3 of 5 unhealthy, at most 2", False),
        ("storm", "infrastructure local: 3 of 5 unhealthy, at most 2; for 300s now", True),
        ("storm_over", "infrastructure local: 2 of 5 unhealthy, at most 2", False),
    ]


async def test_a_journal_that_cannot_be_written_stops_no_guard(room: Room) -> None:
    room.broken = True
    async with room.overseer.watch():
        for index in range(3):
            room.stand(f"d{index}", unhealthy=True)
        room.ask("d0")
        await asyncio.sleep(1)
        assert room.answers("d0") == [Guard.STORM]
        room.broken = False
        await asyncio.sleep(300)
    assert [each.alert for each in room.journal] == [True]


async def test_notices_beyond_those_that_may_wait_are_logged_and_no_guard_waits_for_the_journal(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stands_still = asyncio.Event()
    written = room.report

    async def report(report: Report) -> None:
        await stands_still.wait()
        await written(report)

    monkeypatch.setattr(room.overseer, "_report", report)
    async with room.overseer.watch():
        await asyncio.sleep(0)
        for _ in range(UNWRITTEN):
            for unhealthy in (True, False):
                for index in range(3):
                    room.stand(f"d{index}", unhealthy=unhealthy)
                await asyncio.sleep(121)
        assert room.overseer.unwritten == UNWRITTEN
        assert "notice not recorded: the journal does not keep up" in caplog.messages
        stands_still.set()
        await asyncio.sleep(1)
    assert len(room.journal) == UNWRITTEN + 1, "the one that was being written, and those that waited"
    assert {each.kind for each in room.journal} == {"storm", "storm_over"}


async def test_who_attends_in_anothers_place_does_not_hear_what_was_said_before(room: Room) -> None:
    room.ask("d0")
    later: list[GuardWord] = []
    room.overseer.attend("d0", later.append)
    await asyncio.sleep(0.1)
    assert (room.heard["d0"], later) == ([], [])


async def test_a_deployable_that_is_forgotten_hears_nothing_and_counts_no_more(room: Room) -> None:
    for index in range(3):
        room.stand(f"d{index}", unhealthy=True)
    room.ask("d0")
    room.ask("d1")
    await asyncio.sleep(0)
    room.overseer.forget("d0")
    await asyncio.sleep(121)
    assert room.answers("d0") == [Guard.STORM]
    assert room.answers("d1")[-1] is None


async def test_doubt_of_our_own_way_out_is_heard_by_those_who_have_checks_from_here(room: Room) -> None:
    for index in range(3):
        room.stand(f"d{index}", outside=True, outside_failing=True)
    await asyncio.sleep(0)
    assert room.heard["d0"][-1] == OutsideDoubt(True, "checks from the controller fail on 3 of 3 assemblies that have such")
    assert room.heard["d4"] == []


@pytest.mark.real
async def test_what_the_guards_say_is_an_event_of_the_controller(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.report("", Report("frozen", reason="infrastructure local: 2 of 2 silent", alert=True), wall=time.time())
        event, alert = await store.events(after=0, limit=10, target="", since=None, last=False)
    assert (event.deployable, event.kind, event.alert) == ("", "frozen", True)
    line = event_line(event, datetime.now(UTC)).plain
    assert line.endswith(" controller  ALERT  frozen: infrastructure local: 2 of 2 silent")
    assert (alert.kind, alert.reason) == ("alert", event.reason)

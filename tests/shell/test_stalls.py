"""When nobody looked: what is noticed, and in which order the policy is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import dpe.shell.deciding
from cpe.shell.keyring import FileKeyring
from dpe.policy.step import Step, step
from dpe.shell.clock import Clock
from dpe.shell.engine import Engine
from dpe.shell.facts import Fact
from dpe.shell.stalls import BEAT, Moment, Stall, StallWatch, bearable, stall_between
from dpe.shell.surroundings import Surroundings
from pcloud.errors import InfrastructureError
from pcloud.model.actions import Report
from pcloud.model.events import ContactLost, ControllerStalled, Event, PauseAsked, SettingsChanged, Ticked
from pcloud.model.facts import JournalFact
from pcloud.model.plan import AssemblyPlan, DeployablePlan, MonitorPlan
from pcloud.model.ports import Agent, Infrastructure, SecretReading
from pcloud.model.state import DeployableState
from tests.shell.guards import overseer

DB = AssemblyPlan("db", "lab", monitor=MonitorPlan(timeout=3.0))
WEB = AssemblyPlan("web", "lab", monitor=MonitorPlan(timeout=5.0))
PLAN = DeployablePlan("shop", ("lab",), (DB, WEB))
START = Moment(100.0, 5000.0, 1e9)


def after(before: Moment, *, loop: float, boot: float, wall: float) -> Moment:
    return Moment(before.loop + loop, before.boot + boot, before.wall + wall)


@pytest.mark.parametrize(
    ("loop", "boot", "wall", "late", "suspended", "jumped"),
    [
        (BEAT, BEAT, BEAT, 0.0, 0.0, 0.0),
        (30 + BEAT, 30 + BEAT, 30 + BEAT, 30.0, 0.0, 0.0),
        (BEAT, 600 + BEAT, 600 + BEAT, 600.0, 600.0, 0.0),
        (BEAT, BEAT, 3600 + BEAT, 0.0, 0.0, 3600.0),
        (BEAT, BEAT, BEAT - 3600, 0.0, 0.0, -3600.0),
    ],
    ids=["all is well", "stopped for a while", "the host slept", "the clock was set forward", "the clock was set back"],
)
def test_three_clocks_tell_what_happened(loop: float, boot: float, wall: float, late: float, suspended: float, jumped: float) -> None:
    stall = stall_between(START, after(START, loop=loop, boot=boot, wall=wall))
    assert (stall.late, stall.suspended, stall.jumped) == pytest.approx((late, suspended, jumped), abs=1e-4)
    assert stall.seconds == pytest.approx(late + abs(jumped), abs=1e-4)


def test_two_probe_timeouts_are_borne_and_the_longest_probe_counts() -> None:
    assert bearable(PLAN) == 10.0


class House:
    """An engine in virtual time whose policy is listened to, and clocks that can be moved."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[Event] = []
        self.slept = 0.0  # by the host, beside the loop's clock
        self.set_forward = 0.0
        self.stands_still_in_record = 0.0
        monkeypatch.setattr(dpe.shell.deciding, "step", self.step)
        self.watch = StallWatch(self.moment)
        self.keyring = FileKeyring(directory / "keys", "test")

    def step(self, state: DeployableState, event: Event) -> Step:
        self.told.append(event)
        return step(state, event)

    def moment(self) -> Moment:
        loop = asyncio.get_running_loop().time()
        return Moment(loop, loop + self.slept, loop + self.slept + self.set_forward)

    async def record(
        self, state: DeployableState, *, at: float, wall: float, reports: Sequence[Report], facts: Sequence[JournalFact] = ()
    ) -> None:
        seconds, self.stands_still_in_record = self.stands_still_in_record, 0.0
        self.stand_still(seconds)

    def agents(self, *_: object) -> Agent:
        raise AssertionError("there are no machines here")

    def infrastructure(self, name: str) -> Infrastructure:
        raise InfrastructureError(name)

    def surroundings(self) -> Surroundings:
        return Surroundings(
            journal=self,
            keyring=self.keyring,
            agents=self.agents,
            infrastructure=self.infrastructure,
            secret=lambda _: SecretReading(""),
            wall=lambda: self.moment().wall,
            guards=overseer(),
            stalls=self.watch,
        )

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        made = Engine(PLAN, None, self.surroundings())
        tasks = [asyncio.create_task(made.run()), asyncio.create_task(self.watch.run())]
        try:
            await asyncio.sleep(1)
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def stand_still(self, seconds: float) -> None:
        asyncio.get_running_loop().jumping.now += seconds  # type: ignore[attr-defined]

    def since_start(self) -> list[Event]:
        assert isinstance(self.told[0], SettingsChanged)
        return self.told[1:]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


LOST = Fact(ContactLost, assembly="db", generation=1, reason="no answer", last_seen=0.0)


async def test_what_came_in_meanwhile_is_dated_before_the_stall_and_the_stall_is_told_after_it(house: House) -> None:
    async with house.engine() as engine:
        engine.post(LOST)
        house.stand_still(60)
        await asyncio.sleep(1)
    lost, stalled = house.since_start()
    assert isinstance(lost, ContactLost)
    assert lost.at <= 1.0 + BEAT
    assert lost.wall <= 1.0 + BEAT
    assert isinstance(stalled, ControllerStalled)
    assert stalled.at == pytest.approx(61.0, abs=2 * BEAT)
    assert stalled.seconds == pytest.approx(60.0, abs=2 * BEAT)


async def test_a_stall_in_which_nothing_came_in_is_told_at_once(house: House) -> None:
    async with house.engine():
        house.stand_still(60)
        await asyncio.sleep(2 * BEAT)
    assert [type(event) for event in house.since_start()] == [Ticked, ControllerStalled]


async def test_what_is_shorter_than_two_probe_timeouts_is_not_told(house: House) -> None:
    async with house.engine() as engine:
        house.stand_still(9)
        await asyncio.sleep(1)
        engine.post(LOST)
        await asyncio.sleep(1)
    (lost,) = house.since_start()
    assert lost.at == pytest.approx(11.0, abs=2 * BEAT)


async def test_a_stall_while_the_journal_writes_is_told_with_the_next_facts(house: House) -> None:
    async with house.engine() as engine:
        house.stands_still_in_record = 60.0
        engine.say(PauseAsked(at=0.0, owner="ada", seconds=3600.0))  # something that is written
        await asyncio.sleep(1)
        await asyncio.sleep(1)
    kinds = [type(event) for event in house.since_start()]
    assert kinds[0] is PauseAsked
    assert kinds[-1] is ControllerStalled
    assert kinds.count(ControllerStalled) == 1


async def test_how_late_the_loop_was_is_known_for_a_minute_and_stalls_are_counted(house: House) -> None:
    async with house.engine():
        assert (house.watch.lag, house.watch.stalls) == (pytest.approx(0.0, abs=1e-6), 0)
        house.stand_still(2)
        await asyncio.sleep(30)
        assert house.watch.lag == pytest.approx(2.0, abs=2 * BEAT)
        house.stand_still(60)
        await asyncio.sleep(30)
        assert house.watch.lag == pytest.approx(60.0, abs=2 * BEAT)
        await asyncio.sleep(61)
    assert (house.watch.lag, house.watch.stalls) == (pytest.approx(0.0, abs=1e-6), 1)


async def test_two_stalls_at_once_are_told_as_one(house: House) -> None:
    async with house.engine() as engine:
        house.stand_still(60)
        house.watch.look()
        house.stand_still(30)
        house.watch.look()
        await engine.taken_in()
        await asyncio.sleep(1)
    (stalled,) = [event for event in house.since_start() if isinstance(event, ControllerStalled)]
    assert stalled.seconds == pytest.approx(90.0, abs=3 * BEAT)


async def test_the_clock_of_a_deployable_goes_on_while_the_host_sleeps(house: House) -> None:
    async with house.engine() as engine:
        house.slept = 3600.0
        await asyncio.sleep(1)
        assert engine.wall_at(1.0) == pytest.approx(1.0, abs=2 * BEAT)
    stalled = house.since_start()[-1]
    assert isinstance(stalled, ControllerStalled)
    assert stalled.at == pytest.approx(3601.0, abs=2 * BEAT)


async def test_a_clock_that_was_set_is_told_too(house: House) -> None:
    async with house.engine():
        house.set_forward = 7200.0
        await asyncio.sleep(1)
    stalled = house.since_start()[-1]
    assert isinstance(stalled, ControllerStalled)
    assert stalled.seconds == pytest.approx(7200.0, abs=2 * BEAT)
    assert stalled.at < 3.0, "no time has passed"


async def test_an_engine_that_has_ended_hears_no_more(house: House) -> None:
    async with house.engine():
        pass
    await asyncio.sleep(1)
    house.told.clear()
    watching = asyncio.create_task(house.watch.run())
    await asyncio.sleep(1)
    house.stand_still(60)
    await asyncio.sleep(1)
    assert house.told == []
    watching.cancel()


async def test_signs_of_life_from_before_a_sleep_stay_as_old_as_they_are() -> None:
    clock = Clock(None, lambda: 0.0)
    loop = asyncio.get_running_loop()
    await asyncio.sleep(10)
    before = loop.time()
    clock.skip(before, 3600.0)
    await asyncio.sleep(5)
    assert clock.now() == pytest.approx(3615.0)
    assert clock.at(before) == pytest.approx(10.0)
    assert clock.at(loop.time()) == pytest.approx(3615.0)


def test_two_stalls_add_up() -> None:
    both = Stall(START, 5.0, 1.0, 2.0).and_then(Stall(after(START, loop=9, boot=9, wall=9), 7.0))
    assert both == Stall(START, 12.0, 1.0, 2.0)

"""One engine in virtual time: a cloud in memory, a journal in memory, and puppets for agents, which see and do what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from cpe.shell.keyring import FileKeyring
from dpe.policy.summary import deployable_word
from dpe.shell.engine import Engine
from dpe.shell.surroundings import Surroundings
from pcloud.errors import StoreError, UnwritableError
from pcloud.model.actions import Report
from pcloud.model.facts import JournalFact
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ResourcePlan
from pcloud.model.ports import Agent, ContactMissed, ContactSeen, Outcome, ProbeSeen, ProvisionSeen, SecretReading, Sighting, Stored
from pcloud.model.state import DeployableState
from pcloud.model.words import Desired, Reach, Verdict
from pcloud.records.fact import FactRecord, dump_fields, dump_ordered, fact_record
from pcloud.replay.again import Again
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.shell.guards import overseer

PASSWORD = "correct-horse-battery"
"""The value of every secret."""


class Puppet:
    """An agent that sees nothing by itself. ``asked`` counts how often everything was to be probed again, ``done`` lists what it did."""

    def __init__(self, instance: Instance, report: Callable[[Sighting], None]) -> None:
        self.instance = instance
        self.report = report
        self.plan: AssemblyPlan | None = None
        self.asked = 0
        self.done: list[str] = []
        self.given_up: list[str] = []
        self.runs = False
        self.lost = False  # does not answer, whenever it is tried
        self.stops = True  # what it is told to stop; else it hangs
        self.found = Verdict.PASSED  # of every service that is asked about

    async def run(self) -> None:
        self.runs = True
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.runs = False

    def watch(self, assembly: AssemblyPlan, environment: Callable[[], Mapping[str, str]]) -> None:
        self.plan = assembly

    def probe_again(self) -> None:
        self.asked += 1

    def reach_again(self) -> None:
        if self.lost:
            self.loses_sight()

    async def start(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        self.done.append(f"start {resource.name}")
        return Outcome(0)

    async def stop(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        self.done.append(f"stop {resource.name}")
        if not self.stops:
            await asyncio.get_running_loop().create_future()
        return Outcome(0)

    async def running(self, resource: ResourcePlan) -> Verdict:
        return self.found

    async def await_packages(self, timeout: float) -> None:
        self.done.append(f"await packages {timeout:g}")

    async def execute(self, script: str, environment: Mapping[str, str], timeout: float, action_id: str = "") -> Outcome:
        self.done.append(script)
        return Outcome(0)

    def give_up(self, action_id: str) -> None:
        self.given_up.append(action_id)

    async def reach(self, address: str, port: int, timeout: float) -> Reach:
        return Reach.UNABLE

    def connects(self, boot_id: str) -> None:
        self.lost = False
        self.report(ContactSeen(boot_id))

    def loses_sight(self) -> None:
        self.lost = True
        self.report(ContactMissed("no answer", None))

    def provisioned(self) -> None:
        self.report(ProvisionSeen(0, ""))

    def finds(self, verdict: Verdict, reason: str = "") -> None:
        """Every probe of every resource says so."""
        assert self.plan is not None
        for resource in self.plan.resources:
            for key in ([""] if resource.agent else []) + [check.key for check in resource.checks]:
                self.report(ProbeSeen(resource.name, key, verdict, reason))


class MemoryJournal:
    """Keeps what was recorded last; ``delay`` seconds for each record. None at all while it is ``broken`` or there is no ``room``."""

    def __init__(self) -> None:
        self.stored: Stored | None = None
        self.reports: list[Report] = []
        self.facts: list[FactRecord] = []
        self.delay = 0.0
        self.broken = False
        self.room = asyncio.Event()
        self.room.set()
        self.records: int | None = None  # for so many there is room still

    async def writable(self) -> None:
        await self.room.wait()

    async def record(
        self, state: DeployableState, *, at: float, wall: float, reports: Sequence[Report], facts: Sequence[JournalFact] = ()
    ) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.broken:
            raise StoreError("the disk is broken")
        if self.records is not None:
            self.records -= 1
            if self.records < 0:
                self.records = None
                self.room.clear()
        if not self.room.is_set():
            raise UnwritableError("the disk is full")
        self.stored = Stored(replace(state, plan=None, target=None), at, wall)
        self.reports.extend(reports)
        self.facts.extend(fact_record(0, wall, state.name, *dump_fields(fact), dump_ordered(fact)) for fact in facts)

    def check_facts(self) -> None:
        """The facts lead from nothing to what was recorded last (policy.md section 9)."""
        again = Again("" if self.stored is None else self.stored.state.name)
        for fact in self.facts:
            list(again.moments(fact))
        assert again.exact
        assert (again.state and replace(again.state, plan=None, target=None)) == (self.stored and self.stored.state)


class Stage:
    """All that outlives an engine. ``puppets`` are the agents by assembly, the newest of each."""

    def __init__(self, directory: Path, plan: DeployablePlan) -> None:
        self.plan = plan
        self.cloud = MemoryCloud()
        self.journal = MemoryJournal()
        self.puppets: dict[str, Puppet] = {}
        keyring = FileKeyring(directory / "keys", self.cloud.controller)
        self.around = Surroundings(
            self.journal, keyring, self._agent, lambda _: self.cloud, lambda _: SecretReading(PASSWORD), now, overseer()
        )

    def _agent(self, _deployable: str, assembly: AssemblyPlan, instance: Instance, report: Callable[[Sighting], None]) -> Agent:
        self.puppets[assembly.name] = Puppet(instance, report)
        return self.puppets[assembly.name]

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """An engine that goes on from the journal; it is killed at the end of the block."""
        made = Engine(self.plan, self.journal.stored, self.around)
        running = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        self.journal.check_facts()

    async def up(self, engine: Engine) -> None:
        """Bring it up: every machine connects, is provisioned, and is well."""
        engine.ask(Desired.RUNNING)
        deadline = now() + 600.0
        while deployable_word(engine.state) != "healthy":
            for puppet in self.puppets.values():
                if puppet.runs:
                    puppet.connects("first")
                    puppet.provisioned()
                    puppet.finds(Verdict.PASSED)
            await asyncio.sleep(1.0)
            assert now() < deadline, engine.state


def now() -> float:
    return asyncio.get_running_loop().time()


async def until(look: Callable[[], bool]) -> None:
    """Let virtual time pass until it is so."""
    async with asyncio.timeout(3600.0):
        while not look():  # noqa: ASYNC110 - what we wait for happens in several tasks
            await asyncio.sleep(0.5)

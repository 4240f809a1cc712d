"""What every resource agent is held to, on the real thing: one case each, the same for all kinds where it makes sense.

Rules:
- A ``Bench`` is one kind on one machine: it makes the services that the cases need, looks at them behind the agent's back, and kills them.
- What differs between kinds is a word of the bench (``stopped``, ``missing``, ``lacks``), never a branch in a case.
- ``tests/agents/test_contract_KIND.py`` runs the cases of one kind and names its bench ``BENCH``; docs/resource-agents.md has the table of
  all of them, which a test compares with these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, Final

from agents.ssh import SshAgent
from pcloud.model.plan import ResourcePlan
from pcloud.model.ports import ContactSeen, Outcome
from pcloud.model.words import Verdict
from tests.agents.processes import until_it_is
from tests.agents.sightings import Sightings

SHORT: Final = 2.0
"""Seconds of an action that is to run out of its time."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a kind meets what cannot work: what its monitor says, and whether its start says that trying again cannot help."""

    seen: Verdict
    hard: bool
    words: str
    """Part of the start's reason."""
    stops: bool = True
    """Whether a stop is done all the same: there is nothing that could run."""


class Bench(ABC):
    """One kind of resource agent on one machine. Services watch themselves every 0.2 s, and have 2 s for a monitor."""

    kind: ClassVar[str]
    """As in the docs' table."""
    lacks: ClassVar[Mapping[str, str]] = {}
    """The cases that make no sense for this kind, and why, as the docs say it."""
    stopped: ClassVar[Verdict] = Verdict.FAILED
    """What its monitor says of a service that was stopped in good order."""
    killed: ClassVar[str] = "not running"
    """Part of what its monitor says of one that was killed."""
    stops_by_force: ClassVar[bool] = False
    """Whether a stop that would hang is ended by force, so that it is done in time."""
    missing: ClassVar[Refusal]
    forbidden: ClassVar[Refusal]

    @abstractmethod
    def watched(self, resource: ResourcePlan) -> AbstractAsyncContextManager[tuple[SshAgent, Sightings]]:
        """An agent of the machine that watches this resource."""

    @abstractmethod
    def service(self) -> ResourcePlan:
        """One that starts, runs and stops as it should."""

    @abstractmethod
    async def living(self) -> int:
        """How many of it live, seen without the agent."""

    @abstractmethod
    async def kill(self) -> None:
        """Kill what lives of it, without the agent."""

    def failing_start(self) -> ResourcePlan:
        """One whose start says "no database" and fails."""
        raise NotImplementedError

    def hanging_start(self) -> ResourcePlan:
        """One whose start never ends, with an ``action_timeout`` of SHORT."""
        raise NotImplementedError

    def hanging_stop(self) -> ResourcePlan:
        """One that starts, and whose stop never ends, likewise."""
        raise NotImplementedError

    def hanging_monitor(self) -> ResourcePlan:
        """One whose monitor never ends, with a ``timeout`` of 1 s."""
        raise NotImplementedError

    def not_installed(self) -> ResourcePlan:
        """One that is not there: no such agent, unit or command."""
        raise NotImplementedError

    def not_permitted(self) -> ResourcePlan:
        """One that is there, and that nobody may execute."""
        raise NotImplementedError

    def noisy(self) -> ResourcePlan:
        """One that works, while all that it is made of prints control characters, broken UTF-8 and a hundred kilobytes."""
        raise NotImplementedError

    async def remains(self) -> int:
        """How many processes live of an action or monitor that was cut off."""
        return await self.living()


Case = Callable[[Bench], Awaitable[None]]


@asynccontextmanager
async def at_work(bench: Bench, resource: ResourcePlan) -> AsyncIterator[tuple[SshAgent, Sightings]]:
    """An agent in contact that watches the resource."""
    async with bench.watched(resource) as (agent, sightings):
        await sightings.first(ContactSeen)
        yield agent, sightings


def well(outcome: Outcome) -> bool:
    """Done, and nothing to say about it."""
    assert (outcome.status, outcome.reason, outcome.hard, outcome.lost) == (0, "", False, False), outcome
    return True


async def start(bench: Bench) -> None:
    service = bench.service()
    async with at_work(bench, service) as (agent, sightings):
        assert await agent.running(service) is bench.stopped
        assert well(await agent.start(service, {}))
        assert await agent.running(service) is Verdict.PASSED
        await sightings.probe(Verdict.PASSED, service.name, "")
        assert await bench.living() == 1
        assert well(await agent.stop(service, {}))


async def stop(bench: Bench) -> None:
    service = bench.service()
    async with at_work(bench, service) as (agent, sightings):
        assert well(await agent.start(service, {}))
        await sightings.probe(Verdict.PASSED, service.name, "")
        so_far = len(sightings.all)
        assert well(await agent.stop(service, {}))
        assert await agent.running(service) is bench.stopped
        await sightings.probe(bench.stopped, service.name, "", after=so_far)
        assert await bench.living() == 0


async def start_twice(bench: Bench) -> None:
    service = bench.service()
    async with at_work(bench, service) as (agent, _):
        assert well(await agent.start(service, {}))
        assert well(await agent.start(service, {}))
        assert await bench.living() == 1
        assert await agent.running(service) is Verdict.PASSED
        assert well(await agent.stop(service, {}))
        assert await bench.living() == 0


async def stop_twice(bench: Bench) -> None:
    service = bench.service()
    async with at_work(bench, service) as (agent, _):
        assert well(await agent.stop(service, {}))
        assert well(await agent.start(service, {}))
        assert well(await agent.stop(service, {}))
        assert well(await agent.stop(service, {}))
        assert await agent.running(service) is bench.stopped


async def killed(bench: Bench) -> None:
    service = bench.service()
    async with at_work(bench, service) as (agent, sightings):
        assert well(await agent.start(service, {}))
        await sightings.probe(Verdict.PASSED, service.name, "")
        so_far = len(sightings.all)
        await bench.kill()
        assert bench.killed in (await sightings.probe(Verdict.FAILED, service.name, "", after=so_far)).reason
        so_far = len(sightings.all)
        assert well(await agent.stop(service, {}))
        assert well(await agent.start(service, {}))
        await sightings.probe(Verdict.PASSED, service.name, "", after=so_far)
        assert await bench.living() == 1
        assert well(await agent.stop(service, {}))


async def outlives_us(bench: Bench) -> None:
    service = bench.service()
    async with at_work(bench, service) as (agent, _):
        assert well(await agent.start(service, {}))
    async with at_work(bench, service) as (agent, sightings):
        await sightings.probe(Verdict.PASSED, service.name, "")
        assert await bench.living() == 1
        assert well(await agent.stop(service, {}))


async def failing_start(bench: Bench) -> None:
    service = bench.failing_start()
    async with at_work(bench, service) as (agent, _):
        outcome = await agent.start(service, {})
        assert outcome.status not in {0, None}
        assert not outcome.hard
        assert "no database" in outcome.reason + outcome.output
        assert await agent.running(service) is not Verdict.PASSED
        assert well(await agent.stop(service, {}))


async def hanging_start(bench: Bench) -> None:
    service = bench.hanging_start()
    async with at_work(bench, service) as (agent, _):
        outcome = await agent.start(service, {})
        assert (outcome.status, outcome.reason, outcome.lost) == (None, f"timed out after {SHORT:g}s", False)
        await until_it_is(0, bench.remains)


async def hanging_stop(bench: Bench) -> None:
    service = bench.hanging_stop()
    async with at_work(bench, service) as (agent, _):
        assert well(await agent.start(service, {}))
        outcome = await agent.stop(service, {})
        if bench.stops_by_force:
            assert well(outcome)
            assert await bench.living() == 0
        else:
            assert (outcome.status, outcome.reason, outcome.lost) == (None, f"timed out after {SHORT:g}s", False)
            assert await agent.running(service) is not bench.stopped
            await bench.kill()


async def hanging_monitor(bench: Bench) -> None:
    service = bench.hanging_monitor()
    async with at_work(bench, service) as (agent, sightings):
        seen = await sightings.probe(Verdict.MISSED, service.name, "")
        assert seen.reason.startswith("timed out after 1s")
        assert await agent.running(service) is Verdict.MISSED


async def not_installed(bench: Bench) -> None:
    await _refused(bench, bench.not_installed(), bench.missing)


async def not_permitted(bench: Bench) -> None:
    await _refused(bench, bench.not_permitted(), bench.forbidden)


async def _refused(bench: Bench, service: ResourcePlan, expected: Refusal) -> None:
    async with at_work(bench, service) as (agent, sightings):
        seen = await sightings.probe(expected.seen, service.name, "")
        assert seen.reason
        outcome = await agent.start(service, {})
        assert not outcome.ok
        assert outcome.hard is expected.hard
        assert expected.words in outcome.reason
        assert (await agent.stop(service, {})).ok is expected.stops


async def noise(bench: Bench) -> None:
    service = bench.noisy()
    async with at_work(bench, service) as (agent, sightings):
        outcome = await agent.start(service, {})
        assert outcome.ok
        assert len(outcome.output) <= 2000
        await sightings.probe(Verdict.PASSED, service.name, "")
        so_far = len(sightings.all)
        await bench.kill()
        seen = await sightings.probe(Verdict.FAILED, service.name, "", after=so_far)
        assert seen.reason.isprintable()
        assert len(seen.reason) <= 400
        assert (await agent.stop(service, {})).ok


CASES: Final[Mapping[str, Case]] = {
    "start": start,
    "stop": stop,
    "start twice": start_twice,
    "stop twice": stop_twice,
    "killed": killed,
    "runs on without us": outlives_us,
    "start fails": failing_start,
    "start hangs": hanging_start,
    "stop hangs": hanging_stop,
    "monitor hangs": hanging_monitor,
    "not installed": not_installed,
    "not permitted": not_permitted,
    "garbage printed": noise,
}
"""By their names in the docs' table."""


def cases_of(bench: type[Bench]) -> list[str]:
    """The names of those that make sense for a kind."""
    return [name for name in CASES if name not in bench.lacks]

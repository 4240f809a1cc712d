"""What an agent has reported, to be waited for; and an agent that runs while a test does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from agents.ssh import SshAgent, SshAgents
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, MonitorPlan, ResourcePlan
from pcloud.model.ports import ProbeSeen, Sighting
from pcloud.model.words import Verdict
from tests.agents.machine import Machine
from tests.agents.processes import until

S = TypeVar("S", bound=Sighting)


class Sightings:
    """Everything reported, in order; called as the agent's ``report``."""

    def __init__(self) -> None:
        self.all: list[Sighting] = []

    def __call__(self, sighting: Sighting) -> None:
        self.all.append(sighting)

    def of(self, kind: type[S]) -> list[S]:
        return [sighting for sighting in self.all if isinstance(sighting, kind)]

    async def first(self, kind: type[S], where: Callable[[S], bool] = lambda _: True, after: int = 0) -> S:
        """The first of its kind among those after the first ``after`` sightings."""

        def found() -> list[S]:
            return [sighting for sighting in self.all[after:] if isinstance(sighting, kind) and where(sighting)]

        return (await until(found))[0]

    async def probe(self, verdict: Verdict, resource: str = "", key: str | None = None, after: int = 0) -> ProbeSeen:
        return await self.first(
            ProbeSeen,
            lambda seen: seen.verdict is verdict and resource in ("", seen.resource) and key in (None, seen.key),
            after,
        )


def plan(*resources: ResourcePlan, interval: float = 0.5, timeout: float = 2.0) -> AssemblyPlan:
    return AssemblyPlan("web", "lab", monitor=MonitorPlan(interval=interval, timeout=timeout), resources=resources)


@asynccontextmanager
async def running_agent(
    instance: Instance, key: str | Callable[[str], str], assembly: AssemblyPlan
) -> AsyncIterator[tuple[SshAgent, Sightings]]:
    """An agent of that instance, running; ``key`` is our private key's path, or what tells it of a deployable."""
    sightings = Sightings()
    agents = SshAgents(key if callable(key) else lambda deployable: key)
    agent = agents("shop", assembly, instance, sightings)
    running = asyncio.create_task(agent.run(), name="agent under test")
    try:
        yield agent, sightings
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.wait({running})
        await agents.aclose()


@asynccontextmanager
async def watching(
    machine: Machine, assembly: AssemblyPlan, *, key: str = "", instance: Instance | None = None
) -> AsyncIterator[tuple[SshAgent, Sightings]]:
    """An agent of the machine, running."""
    async with running_agent(instance or machine.instance(), key or str(machine.client_key), assembly) as pair:
        yield pair

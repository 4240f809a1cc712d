"""What a machine says of its own end reaches the policy as a fact about its generation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cpe.shell.keyring import FileKeyring
from dpe.shell.clock import Clock
from dpe.shell.facts import Fact
from dpe.shell.secrets import Secrets
from dpe.shell.surroundings import Surroundings
from dpe.shell.watching import Watchers
from pcloud.errors import InfrastructureError
from pcloud.model.events import GuestStopping
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ResourcePlan
from pcloud.model.ports import Agent, Infrastructure, Outcome, SecretReading, Sighting, StoppingSeen
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Reach, Stage, Verdict
from tests.shell.guards import overseer

PLAN = DeployablePlan("shop", ("lab",), (AssemblyPlan("db", "lab"),))
STATE = DeployableState("shop", plan=PLAN, assemblies={"db": AssemblyState(stage=Stage.UP, instance=Instance("i-1", 4, "10.0.0.7"))})


class Dying:
    """An agent whose machine says one thing only."""

    def __init__(self, report: Callable[[Sighting], None]) -> None:
        self._report = report

    async def run(self) -> None:
        self._report(StoppingSeen())

    def watch(self, assembly: AssemblyPlan, environment: Callable[[], Mapping[str, str]]) -> None: ...

    def probe_again(self) -> None: ...

    def reach_again(self) -> None: ...

    async def start(self, resource: ResourcePlan, environment: Mapping[str, str]) -> Outcome:
        return Outcome(None)

    async def stop(self, resource: ResourcePlan, environment: Mapping[str, str]) -> Outcome:
        return Outcome(None)

    async def running(self, resource: ResourcePlan) -> Verdict:
        return Verdict.UNKNOWN

    async def await_packages(self, timeout: float) -> None: ...

    async def execute(self, script: str, environment: Mapping[str, str], timeout: float) -> Outcome:
        return Outcome(None)

    async def reach(self, address: str, port: int, timeout: float) -> Reach:
        return Reach.UNABLE


def dying(deployable: str, assembly: AssemblyPlan, instance: Instance, report: Callable[[Sighting], None]) -> Agent:
    return Dying(report)


def no_cloud(name: str) -> Infrastructure:
    raise InfrastructureError(name)


async def test_a_machine_that_says_that_it_stops_is_a_fact_of_its_generation(tmp_path: Path) -> None:
    posted: list[Fact] = []
    around = Surroundings(
        journal=None,  # type: ignore[arg-type] - nothing is decided here
        keyring=FileKeyring(tmp_path, "test"),
        agents=dying,
        infrastructure=no_cloud,
        secret=lambda _: SecretReading(""),
        wall=time.time,
        guards=overseer(),
    )
    async with asyncio.TaskGroup() as tasks:
        Watchers(around, Clock(None, time.time), tasks, Secrets(around.secret, posted.append), posted.append).fit(STATE)
    assert [fact.happened(1.0, 2.0) for fact in posted] == [GuestStopping(at=1.0, wall=2.0, assembly="db", generation=4)]

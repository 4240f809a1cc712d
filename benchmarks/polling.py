"""What it costs to know all machines of a cloud: one list for all deployables, beside each that asks for itself.

Prints a table. The small case has real engines, in virtual time, minutes in which nothing happens; the large one the states of as many
deployables, and measures what one list costs the controller. Agents are not part of it.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cpe.shell.attending import has_machines_at
from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.local.records import MachineRecord
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.infrastructures.tags import instance_metadata
from cpe.shell.polling import Polls
from dpe.shell.engine import Engine
from pcloud.model.actions import Report
from pcloud.model.events import InstanceListed
from pcloud.model.instance import Instance, InstanceReading, LaunchOrder, Tags
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ProcessAgent, ResourcePlan
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Desired, InstanceStatus, Stage
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.shell import stage
from tests.virtual_time import VirtualTimeLoop

SMALL, LARGE = 100, 10_000  # deployables
MINUTES = 20.0  # in which nothing happens
POLL = 10.0
LISTS = 10  # that are measured, of the large case
PARTS = ("db", "web")  # two servers each


class CountedCloud(MemoryCloud):
    """Counts what it is asked, whatever it is."""

    calls = 0

    async def _answer(self, asked: str = "") -> None:
        self.calls += 1
        await super()._answer(asked)


class Books:
    """As much of an engine as lists are held against."""

    def __init__(self, state: DeployableState) -> None:
        self.state = state
        self.heard: list[InstanceListed] = []

    def listed(self, event: InstanceListed) -> bool:
        self.heard.append(event)
        return True


@dataclass(frozen=True)
class Figures:
    """Calls a minute, and milliseconds of CPU a minute."""

    calls: float
    cpu: float


def row(name: str, *cells: str) -> None:
    print(f"{name:<70}" + "".join(f"{cell:>16}" for cell in cells))


def plan(name: str) -> DeployablePlan:
    service = (ResourcePlan("service", ProcessAgent("service")),)
    return DeployablePlan(name, ("lab",), tuple(AssemblyPlan(each, "lab", image="host", resources=service) for each in PARTS))


async def no_report(line: Report) -> None:
    raise AssertionError(line)


def polls_of(cloud: MemoryCloud | LibcloudInfrastructure, engines: dict[str, Engine] | dict[str, Books]) -> Polls:
    return Polls(
        {"lab": InfrastructureSettings(driver="machine", poll=POLL)},
        lambda _: cloud,
        controller="here",
        started=lambda name: any(has_machines_at(each.state, name) for each in engines.values()),
        engine=engines.get,  # type: ignore[arg-type] # Books have what is asked for
        report=no_report,
    )


async def passing(cloud: CountedCloud, minutes: float = MINUTES) -> Figures:
    """What some time comes to."""
    calls, spent = cloud.calls, time.process_time()
    await asyncio.sleep(60.0 * minutes)
    return Figures((cloud.calls - calls) / minutes, (time.process_time() - spent) * 1000.0 / minutes)


async def small(directory: Path) -> tuple[Figures, Figures, Figures]:
    """Without lists, with one for all, and with one for each deployable."""
    cloud = CountedCloud()
    engines: dict[str, Engine] = {}
    async with AsyncExitStack() as stack:
        for number in range(SMALL):
            scene = stage.Stage(directory / str(number), plan(f"d{number}"))
            scene.cloud = cloud
            engines[f"d{number}"] = await stack.enter_async_context(scene.engine())
            await scene.up(engines[f"d{number}"])
        without = await passing(cloud)
        async with polls_of(cloud, engines).watch():
            shared = await passing(cloud)
        async with AsyncExitStack() as own:
            for name, engine in engines.items():
                await own.enter_async_context(polls_of(cloud, {name: engine}).watch())
            each = await passing(cloud, 1.0)
    return without, shared, each


def books(count: int) -> dict[str, Books]:
    """Deployables that are well, all at one cloud."""
    made = {}
    for number in range(count):
        parts = {}
        for part in PARTS:
            instance = Instance(f"{part}{number}", 1, "10.0.0.1", infrastructure="lab")
            parts[part] = AssemblyState(stage=Stage.UP, contact=True, generation=1, instance=instance)
        name = f"d{number}"
        made[name] = Books(DeployableState(name, plan=plan(name), desired=Desired.RUNNING, assemblies=parts))
    return made


class RecordedCloud(MemoryCloud):
    """Has one list, whoever asks."""

    def __init__(self, known: dict[str, Books]) -> None:
        super().__init__()
        self.listed = [
            InstanceReading(each.instance.id, InstanceStatus.ACTIVE, Tags("here", name, part, 1), "10.0.0.1")
            for name, kept in known.items()
            for part, each in kept.state.assemblies.items()
            if each.instance is not None
        ]

    async def instances(self) -> Sequence[InstanceReading]:
        return self.listed


async def large() -> tuple[float, float]:
    """Milliseconds of CPU for one list that shows nothing odd, and for one in which each hundredth server runs twice."""
    known = books(LARGE)
    cloud = RecordedCloud(known)
    spent = []
    for odd in (0, 100):
        if odd:
            for number in range(0, LARGE, odd):
                tags = Tags("here", f"d{number}", "db", 1)
                twin = cloud.put(LaunchOrder("twin", tags, "host", "", b""))
                cloud.listed.append(twin.reading())
        gc.collect()
        began, polls = time.process_time(), polls_of(cloud, known)
        async with polls.watch():
            await asyncio.sleep(LISTS * POLL)
        spent.append((time.process_time() - began) * 1000.0 / LISTS)
        heard = sum(len(each.heard) for each in known.values())
        assert heard == (LARGE // odd if odd else 0), heard
    return spent[0], spent[1]


async def adapter(directory: Path) -> float:
    """Milliseconds of CPU for one list of 200 servers through libcloud, of the embedded cloud's records."""
    made = build("lab", InfrastructureSettings(), controller="here", state_directory=directory)
    assert isinstance(made, LibcloudInfrastructure)
    record = MachineRecord(id="", name="", image="host", size="host", address="127.1.1.1", port=2222, user="root", created=0.0)
    for number in range(SMALL):
        for part in PARTS:
            place = directory / "clouds" / "lab" / "nodes" / f"{part}{number}"
            place.mkdir()
            tags = instance_metadata(Tags("here", f"d{number}", part, 1))
            replace(record, id=place.name, metadata=tags).save(place)
    try:
        assert len(await made.instances()) == 2 * SMALL
        began = time.process_time()
        for _ in range(LISTS):
            await made.instances()
        return (time.process_time() - began) * 1000.0 / LISTS
    finally:
        made.close()


def main() -> None:
    with TemporaryDirectory() as directory, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        without, shared, each = runner.run(small(Path(directory)))
        quiet, odd = runner.run(large())
    with TemporaryDirectory() as directory:
        read = asyncio.run(adapter(Path(directory)))
    row(f"{SMALL} deployables, {2 * SMALL} servers, nothing happens", "calls a minute", "CPU ms a minute")
    row("no lists at all", f"{without.calls:.1f}", f"{without.cpu:.1f}")
    row(f"one list every {POLL:g} s for all", f"{shared.calls:.1f}", f"{shared.cpu:.1f}")
    row("each deployable lists for itself", f"{each.calls:.1f}", f"{each.cpu:.1f}")
    row("each server is read for itself", f"{2 * SMALL * 60.0 / POLL:.1f}", "")
    print()
    row(f"{LARGE:,} deployables, {2 * LARGE:,} servers", "CPU ms a list", "% of a core")
    row("a list that shows nothing odd", f"{quiet:.1f}", f"{quiet / POLL / 10.0:.2f}")
    row("one in which a hundredth runs twice: read by id, and told once", f"{odd:.1f}", "")
    row(f"{2 * SMALL} servers through libcloud's driver of the embedded cloud", f"{read:.1f}", f"{read / POLL / 10.0:.2f}")


if __name__ == "__main__":
    main()

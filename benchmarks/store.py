"""The store on its worst day: 10,000 DPEs that each store a decision at once, and a start with 10,000 deployables."""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cpe.daemon.house import Places, daemon
from cpe.daemon.logs import configure
from cpe.shell.config import Settings
from cpe.shell.store.home import STORE_FILE
from cpe.shell.store.retaining import used
from cpe.shell.store.sqlite import SqliteStore
from dpe.policy.step import step
from pcloud.model.actions import Report
from pcloud.model.events import SettingsChanged
from pcloud.model.facts import StateMade, Taken
from pcloud.model.state import DeployableState
from pcloud.records.requests import SpecUpload
from pcloud.spec.loading import load
from pcloud.spec.planning import plan
from tests.policy.world import World

DEPLOYABLES = 10_000
PLAIN = 200  # of the plain way so many are measured: each takes a turn of the disk

GROUP = 100  # deployables that are registered at once

SPEC = """
deployable: {name}
infrastructure: local
assemblies:
  db:
    image: host
    volumes: {{data: {{size: 1GiB, mount: /data}}}}
    resources: {{mysqld: {{agent: 'systemd:mysql', checks: [{{tcp: 3306}}]}}}}
  web: {{image: host, data: ephemeral, after: [db], resources: {{apache: {{agent: 'systemd:apache2', checks: [{{tcp: 8080}}]}}}}}}
"""


def row(name: str, *cells: str) -> None:
    print(f"{name:<72}" + "".join(f"{cell:>14}" for cell in cells))


def compare(name: str, ours: float, peer: float, form: str = ",.0f") -> None:
    row(name, f"{ours:{form}}", f"{peer:{form}}", f"{peer / ours:.0f}x")


def upload(name: str) -> SpecUpload:
    return SpecUpload(source=SPEC.format(name=name), path=f"{name}.yaml")


class Decision:
    """What one DPE stores when a service has failed: the state, the facts that led to it, the record of the decision."""

    def __init__(self) -> None:
        spec = upload("d0")
        world = World(plan(load(spec.source, path=spec.path, files={})), jitter=0.25)
        world.advance(30)
        before = len(world.log)
        world.ail("web/apache")
        world.advance(6)
        self.state = world.state
        self.reports = [order for order in world.log[before:] if isinstance(order, Report)]
        self.facts = [Taken(event) for event in world.trace[-3:]]

    async def store(self, store: SqliteStore, name: str) -> None:
        await store.record(replace(self.state, name=name), at=36.0, wall=time.time(), reports=self.reports, facts=self.facts)


async def storm(directory: Path, count: int) -> tuple[float, float, float, int, int]:
    """All at once: seconds, of our own CPU, until the first is durable; transactions, and bytes that were written to the disk."""
    decision = Decision()
    async with SqliteStore(directory) as store:
        before, written, began, busy = store.commits, bytes_written(), time.perf_counter(), time.process_time()
        first: list[float] = []

        async def one(name: str) -> None:
            await decision.store(store, name)
            if not first:
                first.append(time.perf_counter() - began)

        await asyncio.gather(*(one(f"d{number}") for number in range(count)))
        took, worked = time.perf_counter() - began, time.process_time() - busy
        return took, worked, first[0], store.commits - before, bytes_written() - written


async def plainly(directory: Path, count: int) -> tuple[float, int]:
    """One after another, a transaction each."""
    decision = Decision()
    async with SqliteStore(directory) as store:
        before, began = store.commits, time.perf_counter()
        for number in range(count):
            await decision.store(store, f"d{number}")
        return time.perf_counter() - began, store.commits - before


def bytes_written() -> int:
    return int(next(line.split()[1] for line in Path("/proc/self/io").read_text().splitlines() if line.startswith("write_bytes")))


async def fill(directory: Path, count: int) -> None:
    """Registered and stopped deployables, as ``pcloud deployable create`` leaves them."""
    async with SqliteStore(directory) as store:

        async def one(name: str) -> None:
            spec = upload(name)
            made = plan(load(spec.source, path=spec.path, files={}))
            await store.save_deployable(name, spec)
            state = DeployableState(name, seed=1)
            event = SettingsChanged(at=0.0, wall=time.time(), plan=made)
            after, ordered, _ = step(state, event)
            facts = [StateMade(0.0, time.time(), seed=1, jitter=0.25), Taken(event, ordered)]
            reports = [order for order in ordered if isinstance(order, Report)]
            await store.record(after, at=0.0, wall=time.time(), reports=[Report("registered", reason=spec.path), *reports], facts=facts)

        for first in range(0, count, GROUP):
            await asyncio.gather(*(one(f"d{number:05}") for number in range(first, min(count, first + GROUP))))


async def start(directory: Path, count: int) -> tuple[float, float, float, int]:
    """Seconds until the API could be asked, until all DPEs have begun, the longest (CPU) that the loop was busy at one go; transactions."""
    longest = 0.0

    async def look() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()  # of this thread's CPU: what others do to the machine is none of it
            await asyncio.sleep(0.01)
            longest = max(longest, time.thread_time() - began)

    looking = asyncio.create_task(look())
    began = time.perf_counter()
    async with daemon(Settings(), Places(None, directory, directory / "api.sock")) as house:
        controller = house.controller
        answers = time.perf_counter() - began
        assert len(controller._keeper.names) == count  # noqa: SLF001 - it is these that are measured
        for name in controller._keeper.names:  # noqa: SLF001
            engine = controller._keeper.engine(name)  # noqa: SLF001
            assert engine is not None
            await engine.taken_in()
        running = time.perf_counter() - began
        commits = controller._store.commits  # noqa: SLF001
        looking.cancel()
    return answers, running, longest, commits


def counted(directory: Path, what: str, count: int) -> int:
    """fdatasync and fsync of the same in a process of its own under strace -c; -1 where there is no strace."""
    if shutil.which("strace") is None:
        return -1
    out = directory / "strace"
    same = [sys.executable, __file__, "--only", what, "--count", str(count), "--directory", str(directory)]
    traced = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(out), *same]
    subprocess.run(traced, check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])})
    return sum(int(line.split()[3]) for line in out.read_text().splitlines() if line.split()[-1:] in (["fsync"], ["fdatasync"]))


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--count", type=int, default=DEPLOYABLES)
    asked.add_argument("--only", choices=("storm", "plain", "start"))
    asked.add_argument("--directory", help="on the disk that is to be measured; else that of temporary files")
    given = asked.parse_args()
    configure("error")
    with TemporaryDirectory(dir=given.directory) as name:
        place = Path(name)
        if given.only == "storm":
            asyncio.run(storm(place, given.count))
        elif given.only == "plain":
            asyncio.run(plainly(place, given.count))
        elif given.only == "start":
            beginning(place, given.count)
        else:
            everything(place, given.count)


def everything(place: Path, count: int) -> None:
    row("operation", "ours", "peer", "ratio")
    print(f"(the machine's load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)", file=sys.stderr)
    seconds, worked, first, commits, written = asyncio.run(storm(place / "storm", count))
    plain, plain_commits = asyncio.run(plainly(place / "plain", PLAIN))
    compare(f"{count:,} decisions at once, s (peer: a transaction each, {PLAIN} measured)", seconds, plain / PLAIN * count, ".2f")
    compare("  transactions", commits, plain_commits / PLAIN * count)
    syncs, plain_syncs = counted(place, "storm", count), counted(place, "plain", PLAIN)
    if syncs >= 0:
        compare("  fsyncs, opening and closing included (strace -c)", syncs, plain_syncs / PLAIN * count)
    row("  CPU of this process, s", f"{worked:.2f}")
    row("  the first of them durable after, ms", f"{first * 1e3:.0f}")
    row("  bytes written to the disk, a decision", f"{written / count:,.0f}")
    beginning(place, count)
    row("bytes of the store, a thousand events (decisions with their evidence)", f"{asyncio.run(per_thousand(place / 'events')):,.0f}")


def beginning(place: Path, count: int) -> None:
    asyncio.run(fill(place / "start", count))
    size = (place / "start" / STORE_FILE).stat().st_size
    busy = time.process_time()
    answers, running, longest, starts = asyncio.run(start(place / "start", count))
    row(f"start with {count:,} deployables (registered and stopped): API asked, s", f"{answers:.2f}")
    row("  all DPEs running, s", f"{running:.2f}")
    row("  CPU of this process, s", f"{time.process_time() - busy:.2f}")
    row("  the longest that the loop was busy at one go, ms of CPU", f"{longest * 1e3:.0f}")
    row("  transactions", f"{starts:,}")
    row("  resident memory at most, MB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f}")
    row("bytes of the store, a deployable of two machines when it is registered", f"{size / count:,.0f}")


async def per_thousand(directory: Path) -> float:
    decision = Decision()
    record = next(report for report in decision.reports if report.record is not None)
    async with SqliteStore(directory) as store:
        before = await store.read(used)
        await asyncio.gather(*(store.report("d0", record, wall=time.time()) for _ in range(10_000)))
        return (await store.read(used) - before) / 10


if __name__ == "__main__":
    main()

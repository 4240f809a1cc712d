"""Has the faults of a schedule strike, each at its time and for its time, in one or more worlds alike.

Rules: a fault that finds nothing to strike is written down as missed; whatever happens, every fault that struck is taken back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TextIO

from tests.chaos.evidence import Evidence, Struck
from tests.chaos.faults import clouds, host, machines, network
from tests.chaos.faults.words import MissedError, Strikes
from tests.chaos.schedule import Fault
from tests.chaos.world import World

STRIKES: Strikes = {**host.STRIKES, **machines.STRIKES, **clouds.STRIKES, **network.STRIKES}

Worlds = list[tuple[World, Evidence]]


class Executor:
    """``begin`` is the monotonic time from which the schedule counts."""

    def __init__(self, worlds: Worlds, begin: float, output: TextIO) -> None:
        self._worlds, self._begin, self._output = worlds, begin, output

    def now(self) -> float:
        return time.monotonic() - self._begin

    async def run(self, faults: Iterable[Fault]) -> None:
        """All of them, to the end of the last one."""
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                for world, evidence in self._worlds:
                    tasks.create_task(self._one(world, evidence, fault), name=f"fault {fault.number} {world.site.name}")

    async def _one(self, world: World, evidence: Evidence, fault: Fault) -> None:
        await asyncio.sleep(max(0.0, fault.at - self.now()))
        began, missed, undo = self.now(), "", None
        try:
            undo = await asyncio.to_thread(STRIKES[fault.kind], world, fault)
        except MissedError as error:
            missed = str(error)
        if world is self._worlds[0][0]:
            print(f"{fault}{f' (missed: {missed})' if missed else ''}", file=self._output, flush=True)
        place = len(evidence.struck)
        evidence.struck.append(Struck(fault, began, float("inf") if undo else self.now(), missed))
        if undo is not None:
            try:
                await asyncio.sleep(max(0.0, fault.end - self.now()))
            finally:
                await asyncio.shield(asyncio.to_thread(undo))
                evidence.struck[place] = Struck(fault, began, self.now())

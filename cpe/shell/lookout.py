"""Sees everything that one daemon looks after at once, in figures.

Rules: it only looks; what it tells are the same figures as the metrics', with the names of those that are in trouble, the worst first.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from heapq import nsmallest
from typing import Any

from cpe.shell.attending import Attendance
from cpe.shell.holding import moment
from cpe.shell.infrastructures.calls import THREADS
from cpe.shell.infrastructures.calls import WAITING as CALLS
from cpe.shell.metrics.census import Seen
from cpe.shell.metrics.families import Sources
from pcloud import __version__
from pcloud.records.overview import HoldingGuard, InfrastructureLoad, LoopLoad, Overview, Troubled

WORST_FIRST = ("blocked", "exhausted", "failed", "held", "unknown", "recovering", "reloading", "starting", "stopping")
"""What waits for somebody comes before what is on its way by itself."""

WELL = frozenset({"healthy", "stopped"})


class Lookout:
    """Asks everybody who knows. ``wall`` is the wall clock."""

    def __init__(self, attendance: Attendance, sources: Sources, wall: Callable[[], float]) -> None:
        self._attendance = attendance
        self._sources = sources
        self._wall = wall
        self._began = wall()

    async def overview(self, *, worst: int) -> Overview:
        """How everything stands now."""
        seen, guards, loop = self._sources.census.look(), self._sources.guards, self._sources.loop
        unwell = [(word, name) for name, word in self._sources.census.words().items() if word not in WELL]
        return Overview(
            at=moment(self._wall()),
            version=__version__,
            pid=os.getpid(),
            since=moment(self._began),
            trouble=str(self._sources.store.trouble or ""),
            **_counts(seen),
            guards=[HoldingGuard(guard=each.guard, infrastructure=each.infrastructure, zone=each.zone) for each in guards.holding()],
            doubted=bool(guards.oversight.doubted),
            loop=LoopLoad(lag=loop.lag, stalls=loop.stalls),
            infrastructures=self._loads(),
            unwell=len(unwell),
            troubled=[self._troubled(name) for _, name in nsmallest(worst, unwell, key=lambda each: (severity(each[0]), each[1]))],
        )

    def _loads(self) -> list[InfrastructureLoad]:
        """Of every infrastructure that was asked for anything."""
        regions = self._sources.guards.oversight.regions
        flights = {name: len(region.flights) for name, region in regions.items()}
        return [
            InfrastructureLoad(name=name, recoveries=flights.get(name, 0), calls=tally.under_way, calls_limit=CALLS + THREADS)
            for name, tally in sorted(self._sources.infrastructures.tallies().items())
        ]

    def _troubled(self, name: str) -> Troubled:
        status = self._attendance.status(name)
        return Troubled(name=name, state=status.state, reason=status.reason or status.held)


def severity(word: str) -> int:
    """The smaller, the worse; a word that is not known here comes last."""
    return WORST_FIRST.index(word) if word in WORST_FIRST else len(WORST_FIRST)


def _counts(seen: Seen) -> dict[str, Any]:
    """What is counted, by the fields of an overview."""
    by_word = {"deployables": "deployable", "assemblies": "assembly", "resources": "resource", "recoveries": "recovery", "held": "held"}
    return {
        **{field: seen.of(kind) for field, kind in by_word.items()},
        "machines": seen.of("machine").get("", 0),
        "contact": seen.of("contact").get("", 0),
        "checks_per_second": round(seen.checks, 2),
        "actions_in_flight": seen.performing,
    }

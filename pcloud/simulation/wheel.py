"""Time: what is to happen at which moment, and what comes first where moments fall together."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from enum import IntEnum
from itertools import count


class Place(IntEnum):
    """The order within one moment: the world changes, what hung ends, the policy's time comes, the trace goes on, probes look."""

    END = 0
    OUTCOME = 1
    WAKE = 2
    LINE = 3
    PROBE = 4


Moment = tuple[float, Place]


class Wheel:
    """Deeds by their moment; what was put in first is done first."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._heap: list[tuple[float, Place, int, Callable[[], None]]] = []
        self._count = count()

    def put(self, at: float, place: Place, deed: Callable[[], None]) -> None:
        """Have something done; whoever does it looks whether it is still wanted."""
        heapq.heappush(self._heap, (at, place, next(self._count), deed))

    @property
    def next(self) -> Moment | None:
        """When the next deed is due."""
        return self._heap[0][:2] if self._heap else None

    def turn(self) -> None:
        """Go to the next deed and do it."""
        at, _, _, deed = heapq.heappop(self._heap)
        self.now = max(self.now, at)
        deed()

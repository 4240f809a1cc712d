"""A deployable's own clock: monotonic, and going on across restarts of the controller.

Rules: this is the one place where wall time and loop time meet. What was stored at ``at`` and ``wall`` has the age that the wall clock
gives it now, never a negative one; from then on the loop's time counts, and what the host slept, which the loop does not know of.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from pcloud.model.ports import Stored

REMEMBERED = 100
"""Sleeps of the host that are remembered: what was seen before so many of them is never asked about."""


class Clock:
    """Turns the loop's time into the deployable's own, which starts at 0 when the deployable is created."""

    def __init__(self, stored: Stored | None, wall: Callable[[], float] = time.time) -> None:
        self._loop = asyncio.get_running_loop()
        self.wall = wall
        start = 0.0 if stored is None else stored.at + max(0.0, wall() - stored.wall)
        self._offset = start - self._loop.time()
        self._earlier: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)  # until which of the loop's moments which offset held

    def now(self) -> float:
        """This moment on the deployable's clock."""
        return self._loop.time() + self._offset

    def at(self, loop_time: float) -> float:
        """A moment of the loop's clock on the deployable's."""
        return loop_time + next((offset for until, offset in self._earlier if loop_time <= until), self._offset)

    def skip(self, after: float, seconds: float) -> None:
        """The host slept for ``seconds`` some time after the loop's moment ``after``: a sign of life from before is older than it looks."""
        if seconds > 0.0:
            self._earlier.append((after, self._offset))
            self._offset += seconds

    def wall_at(self, at: float) -> float:
        """A moment of the deployable's clock as POSIX seconds."""
        return self.wall() - (self.now() - at)

"""Having single probes run at once, out of their turn.

Rules: one look at a time for each probe; what becomes known meanwhile is one more look after it, a moment later: a service that comes
and goes many times a second must not keep its machine busy with being looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_PAUSE = 0.2
"""Seconds between the end of a look and the next one: a look costs its machine some 30 ms of CPU."""


class Looks:
    """``order`` has the probe of that number run; it answers by a result, always."""

    def __init__(self, order: Callable[[int], None]) -> None:
        self._order = order
        self._open: dict[int, bool] = {}  # by probe: whether to look once more
        self._later: dict[int, asyncio.TimerHandle] = {}

    def forget(self) -> None:
        """All probes run anew anyway, or none can."""
        self._open.clear()
        for timer in self._later.values():
            timer.cancel()
        self._later.clear()

    def look(self, index: int) -> None:
        """Have it run, at once or after the look that is under way."""
        if index in self._open:
            self._open[index] = True
        elif index not in self._later:
            self._open[index] = False
            self._order(index)

    def answered(self, index: int) -> None:
        """A result has come."""
        if self._open.pop(index, False):
            self._later[index] = asyncio.get_running_loop().call_later(_PAUSE, self._look_again, index)

    def _look_again(self, index: int) -> None:
        del self._later[index]
        self.look(index)

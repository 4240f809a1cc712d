"""Notices when nobody looked (policy.md section 5, slow controller): the process was stopped or starved, the host slept, the clock was set.

Rules:
- One watch for all deployables of a process: its beat costs nothing, a timer for each of them would.
- Measured on CLOCK_BOOTTIME, which also counts while the host sleeps; the loop's clock does not. The wall clock is compared with it.
- What is too long for one deployable is not for another: each judges by its own probe timeouts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pcloud.model.plan import DeployablePlan

log = logging.getLogger(__name__)

BEAT = 0.25  # seconds: short beside the shortest probe timeout that makes sense, and four callbacks a second cost nothing
WORTH_LOGGING = 5.0  # seconds: what the default probe timeout takes for a failure
REMEMBERED = 240  # beats, a minute of them: whoever asks how late the loop is comes more often, and none of its bad moments is missed
PROBE_TIMEOUTS = 2  # policy.md section 5: "a stall, suspension or clock jump of more than 2 probe timeouts"


@dataclass(frozen=True, slots=True)
class Moment:
    """The same moment on three clocks, in seconds: the loop's, the host's own since its boot, the wall's."""

    loop: float
    boot: float
    wall: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Nobody looked for ``late`` seconds after ``before``; for ``suspended`` of them the loop's clock stood still. ``jumped``: how far the
    wall clock went beside the time that passed.
    """

    before: Moment
    late: float
    suspended: float = 0.0
    jumped: float = 0.0

    @property
    def seconds(self) -> float:
        """How much time is in doubt."""
        return max(self.late, abs(self.jumped))

    def and_then(self, other: Stall) -> Stall:
        """Both as one."""
        return Stall(self.before, self.late + other.late, self.suspended + other.suspended, self.jumped + other.jumped)


def now() -> Moment:
    """This moment."""
    return Moment(asyncio.get_running_loop().time(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time())


def stall_between(before: Moment, after: Moment) -> Stall:
    """What went wrong between two looks that should not have been further apart than a beat."""
    passed = after.boot - before.boot
    counted = after.loop - before.loop
    return Stall(before, max(0.0, passed - BEAT), max(0.0, passed - counted), (after.wall - before.wall) - passed)


def bearable(plan: DeployablePlan) -> float:
    """Seconds that a deployable may go unwatched without anything to be said about it."""
    return PROBE_TIMEOUTS * max((each.monitor.timeout for each in plan.assemblies), default=0.0)


class StallWatch:
    """Looks at the clocks with every beat, and whenever it is told to. Without ``run`` it sees nothing."""

    def __init__(self, read: Callable[[], Moment] = now) -> None:
        self._read = read
        self._last: Moment | None = None
        self._ears: list[Callable[[Stall], None]] = []
        self._late: deque[float] = deque(maxlen=REMEMBERED)
        self.stalls = 0  # that were worth logging

    @property
    def lag(self) -> float:
        """Seconds: how late the loop was at the worst beat of the last minute."""
        return max(self._late, default=0.0)

    def listen(self, hear: Callable[[Stall], None]) -> None:
        """Tell ``hear`` of every stall, at the first look after it."""
        self._ears.append(hear)

    def forget(self, hear: Callable[[Stall], None]) -> None:
        """Tell it no more."""
        self._ears.remove(hear)

    def look(self) -> None:
        """See whether all is well since the last look: whoever is about to judge by a clock looks first."""
        if self._last is None:
            return
        before, self._last = self._last, self._read()
        stall = stall_between(before, self._last)
        if stall.seconds <= BEAT:
            return
        if stall.seconds > WORTH_LOGGING:
            extra = {"seconds": round(stall.late, 1), "suspended": round(stall.suspended, 1), "clock_jumped": round(stall.jumped, 1)}
            log.warning("stalled", extra=extra)
            self.stalls += 1
        for hear in list(self._ears):
            hear(stall)

    async def run(self) -> None:
        """Look with every beat until cancelled."""
        self._last = self._read()
        try:
            while True:
                began = self._read().boot
                await asyncio.sleep(BEAT)
                self._late.append(max(0.0, self._read().boot - began - BEAT))
                self.look()
        finally:
            self._last = None

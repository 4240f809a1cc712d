"""Time limits that are not deceived when the process itself stood still (policy.md section 5, slow controller).

Rules: a limit whose alarm rings far too late has measured us, not the one who was waited for: what he answered meanwhile still lies in our
sockets. It begins again then, a few times at the most, so that whatever waits has an end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LATE = 1.0  # seconds: a busy loop is late by some tenths; more is a stall
AGAIN = 3  # times: whoever stalls that often within one wait is not going to be helped by patience


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """TimeoutError if the block takes longer than ``seconds`` of a running loop, as ``asyncio.timeout`` raises it."""
    loop = asyncio.get_running_loop()
    alarm: asyncio.TimerHandle | None = None

    def wind(left: int) -> None:
        nonlocal alarm
        due = loop.time() + seconds
        alarm = loop.call_at(due, ring, due, left)

    def ring(due: float, left: int) -> None:
        if left and loop.time() - due > LATE:
            wind(left - 1)
        else:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        wind(AGAIN)
        try:
            yield
        finally:
            if alarm is not None:
                alarm.cancel()

"""Tells somebody that the store cannot be written: what calls for somebody is an event, and this is the one that cannot be stored.

Rules:
- At once: the log, and the operator's command, which gets an alert without a number (``seq`` 0). The status says it while it lasts.
- When it is over: one event in the journal, from when to when and why; an alert if nobody could be told before.
- One trouble that comes and goes is told once: for ``QUIET`` after its end nobody is called again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from cpe.shell.alerting import TIMEOUT, run_command
from cpe.shell.background import beside
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import StoreError, UnwritableError
from pcloud.model.actions import Report
from pcloud.records.event import ALERT, EventRecord
from pcloud.spec.units import duration_text

log = logging.getLogger(__name__)

QUIET = 600.0
"""Seconds: as long as the window in which a controller's stalls count."""

UNSTORED = "unstored"
"""The id of an alert that is in no journal."""

WAITING = 16
"""Troubles and their ends that wait while an alert command runs: they come once a second at most."""


class Troubles:
    """Troubles and their ends, each by turns, and when. Where there is no room for another, it is the same one that goes on."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, str]] = deque(maxlen=WAITING)
        self._more = asyncio.Event()

    def hear(self, at: float, trouble: str) -> None:
        """Why the store cannot be written; "" when it can again."""
        if trouble and len(self._waiting) >= WAITING - 1:
            self._waiting.pop()  # the end of the last one: this one's will be
        else:
            self._waiting.append((at, trouble))
        self._more.set()

    async def next(self) -> tuple[float, str]:
        """The next of them, as soon as there is one."""
        while not self._waiting:
            self._more.clear()
            await self._more.wait()
        return self._waiting.popleft()


class Distress:
    """Hears ``store`` from now on; ``run`` it until cancelled."""

    def __init__(self, store: SqliteStore, command: str, wall: Callable[[], float]) -> None:
        self._store = store
        self._command = command
        self._wall = wall
        self._troubles = Troubles()
        store.on_trouble(lambda trouble: self._troubles.hear(wall(), trouble))

    async def run(self) -> None:
        """Tell of each trouble, and of its end."""
        quiet_until = 0.0
        while True:
            since, trouble = await self._troubles.next()
            log.error("the store cannot be written: everything is watched, and nothing is done", extra={"reason": trouble})
            told = self._wall() < quiet_until or await self._call(since, trouble)
            until, _ = await self._troubles.next()
            log.warning("the store can be written again", extra={"seconds": round(until - since)})
            quiet_until = self._wall() + QUIET
            await self._record(since, until, trouble, told=told)

    async def _call(self, since: float, trouble: str) -> bool:
        """Whether somebody was told."""
        if not self._command:
            return False
        reason = f"{trouble}; everything is watched, and nothing is done until it can be written again"
        moment = datetime.fromtimestamp(since, UTC)
        alert = EventRecord(id=UNSTORED, seq=0, at=moment, deployable="", kind=ALERT, reason=reason, alert=True)
        failure = await run_command(self._command, alert.model_dump_json() + "\n", TIMEOUT)
        if failure:
            log.warning("alert command failed", extra={"alert": UNSTORED, "reason": failure})
        return not failure

    async def _record(self, since: float, until: float, trouble: str, *, told: bool) -> None:
        lasted = f"for {duration_text(max(1.0, round(until - since)))} until {datetime.fromtimestamp(until, UTC):%H:%M:%S} UTC"
        reason = f"{lasted} everything was watched, and nothing was done: {trouble}"
        while True:
            try:
                await self._store.report("", Report("unwritable", reason=reason, alert=not told), wall=self._wall())
            except UnwritableError:
                await self._store.writable()
            except StoreError as error:
                log.warning("the trouble of before cannot be recorded", extra={"reason": str(error)})
                return
            else:
                return


@asynccontextmanager
async def distress(store: SqliteStore, command: str, wall: Callable[[], float]) -> AsyncIterator[None]:
    """Somebody is told while this lasts."""
    async with beside(Distress(store, command, wall).run(), "distress"):
        yield

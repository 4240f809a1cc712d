"""Hands each alert to the operator's command, as the JSON of the event on its stdin.

Rules:
- One after another, oldest first; each has TIMEOUT, then it is killed with all that it has started. What it prints goes to our log.
- At least once: the store remembers the last alert that was handed over, and a daemon that was killed goes on behind it. An installation
  that has not had a command before begins with the alerts from now on.
- A command that fails is said in the journal, never by an alert: an alert about alerting would go round for ever.
- Bounded: of more than BACKLOG alerts that wait the oldest are left out, and counted; the journal says it once until all is handed over.
- The JSON is what the API says of the event. Secrets are not in it: they never reach the journal.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from cpe.shell.background import beside
from cpe.shell.store.port import Store
from pcloud.errors import StoreError
from pcloud.model.actions import Report
from pcloud.records.event import ALERT, EventRecord

log = logging.getLogger(__name__)

MARK = "alerted"
"""Where the store keeps the ``seq`` of the last alert that was handed over."""

TIMEOUT = 30.0
"""Seconds for one alert: a mail or a web hook takes a few, and a page that comes later than that is late."""

BACKLOG = 1000
"""Alerts that may wait: at ten seconds each they are three hours old, and whoever reads them has found another way."""

COUNTED = 100_000
"""Alerts that are counted at most when some are left out: what there is fits into memory."""

AGAIN = 10.0
"""Seconds until a store that failed is tried again."""


class Alerting:
    """Runs ``command`` for the alerts in ``store``. ``open`` it before anything can raise one; then ``run`` until cancelled."""

    def __init__(self, store: Store, command: str, wall: Callable[[], float], *, timeout: float = TIMEOUT, backlog: int = BACKLOG) -> None:
        self._store = store
        self._command = command
        self._wall = wall
        self._timeout = timeout
        self._backlog = backlog
        self._news = asyncio.Event()
        self._done = 0  # the last alert that was handed over
        self._left_out = 0  # alerts, since all was handed over last

    async def open(self) -> None:
        """Find out where to go on. Without a command nothing is remembered: one that comes later begins with what happens then."""
        if not self._command:
            await self._store.save_mark(MARK, None)
            return
        mark = await self._store.mark(MARK)
        if mark is None:
            newest = await self._store.events(after=0, limit=1, target="", since=None, last=True)
            mark = str(newest[-1].seq if newest else 0)
            await self._store.save_mark(MARK, mark)
        self._done = int(mark)
        self._store.on_events(self._look)
        self._news.set()

    def _look(self, events: Sequence[EventRecord]) -> None:
        if any(event.kind == ALERT for event in events):
            self._news.set()

    async def run(self) -> None:
        """Hand over what there is and what comes."""
        while self._command:
            await self._news.wait()
            self._news.clear()
            try:
                await self._hand_over_all()
            except StoreError as error:
                log.warning("alerts cannot be read or marked as told", extra={"reason": str(error)})
                await asyncio.sleep(AGAIN)
                self._news.set()

    async def _hand_over_all(self) -> None:
        while waiting := await self._waiting():
            await self._hand_over(waiting[0])
            self._done = waiting[0].seq
            await self._store.save_mark(MARK, str(self._done))
        self._left_out = 0

    async def _waiting(self) -> Sequence[EventRecord]:
        """The alerts that are not told yet, without the oldest of too many."""
        found = await self._store.events(after=self._done, limit=self._backlog + 1, target="", since=None, last=True, kind=ALERT)
        if len(found) <= self._backlog:
            return found
        kept = found[-max(1, self._backlog // 2) :]  # so that it is not done anew for each alert that comes
        await self._leave_out(kept[0].seq)
        return kept

    async def _leave_out(self, before: int) -> None:
        """Go on at ``before``; count what is left out, and say it if it was not said yet."""
        waiting = await self._store.events(after=self._done, limit=COUNTED, target="", since=None, last=False, kind=ALERT)
        older = [event for event in waiting if event.seq < before]
        said, self._left_out, self._done = self._left_out > 0, self._left_out + len(older), before - 1
        log.warning("alerts are left out", extra={"now": len(older), "together": self._left_out})
        if not said:
            reason = f"alert_command is too slow: {len(older)} alerts are left out; pcloud events --alerts shows them"
            await self._store.report(older[-1].deployable, Report("alerts_left_out", reason=reason), wall=self._wall())

    async def _hand_over(self, alert: EventRecord) -> None:
        failure = await run_command(self._command, alert.model_dump_json() + "\n", self._timeout)
        if failure:
            log.warning("alert command failed", extra={"alert": alert.seq, "target": alert.target, "reason": failure})
            report = Report(
                "alert_failed", alert.assembly or "", alert.resource or "", reason=f"alert_command {failure}", decision=alert.decision or ""
            )
            await self._store.report(alert.deployable, report, wall=self._wall())


async def run_command(command: str, text: str, timeout: float) -> str:
    """Run a command line with ``text`` on its stdin; why it failed, or "" if it did not."""
    try:
        # A session of its own: killed as a whole, and out of reach of a Ctrl-C that is meant for the daemon.
        process = await asyncio.create_subprocess_shell(command, stdin=asyncio.subprocess.PIPE, start_new_session=True)
    except OSError as error:
        return f"cannot be run: {error.strerror or error}"
    try:
        async with asyncio.timeout(timeout):
            await process.communicate(text.encode())
    except TimeoutError:
        return f"was not done after {timeout:g}s, and was killed"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it has ended just now
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    status = process.returncode or 0
    if status < 0:
        return f"was killed by signal {-status}"
    return f"ended with exit status {status}" if status else ""


@asynccontextmanager
async def alerting(store: Store, command: str, wall: Callable[[], float]) -> AsyncIterator[None]:
    """Alerts are handed over while this lasts; one that is under way at its end is handed over again at the next start."""
    alerts = Alerting(store, command, wall)
    await alerts.open()
    async with beside(alerts.run(), "alerts"):
        yield

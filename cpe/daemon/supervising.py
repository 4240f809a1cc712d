"""The daemon looks at itself: what systemd shows of it, whether it is well, and that nothing it lives by has ended.

Rules: the status is sent when it is another one, and not more often than every few seconds. A store that hangs is not well: nothing can be
done that cannot be recorded. But only after minutes: a slow disk passes, and a restart would not make it faster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from cpe.daemon.notifying import feed_watchdog, notify, watchdog_interval
from cpe.shell.guards import Overseer
from cpe.shell.metrics.census import Census, Seen
from cpe.shell.store.sqlite import SqliteStore
from pcloud.records.event import EventRecord
from pcloud.spec.units import duration_text

SELDOM = 2.0
"""Seconds between two looks, while things happen: more often nobody reads it."""

AT_LEAST = 60.0
"""Seconds until the next look while nothing happens: what is no event shows by then."""

SLOW = 60.0
"""Seconds after which a transaction counts as failed (the writer's DURABLE_WITHIN): then it is told."""

HUNG = 300.0
"""Seconds after which a transaction is taken to hang, so that only another process can help. Two such ends are more than ten minutes apart
with the watchdog's own time, so that they never make a crash loop (policy.md section 6)."""


class Supervision:
    """Looks at the daemon."""

    def __init__(self, census: Census, guards: Overseer, store: SqliteStore) -> None:
        self._census = census
        self._guards = guards
        self._store = store
        self._news = asyncio.Event()
        store.on_events(self._hear)

    def _hear(self, _events: Sequence[EventRecord]) -> None:
        self._news.set()

    def status(self) -> str:
        """The line that ``systemctl status`` shows."""
        return "; ".join([*of_deployables(self._census.look()), *self._holding(), *self._silent(SLOW)])

    def unwell(self) -> str:
        """Why the daemon is not well; empty if it is."""
        return "".join(self._silent(HUNG))

    def _silent(self, least: float) -> list[str]:
        """That the store has not answered for at least so many seconds, if it has not."""
        seconds = self._store.load().under_way
        return [f"the store has not answered for {duration_text(round(seconds))}"] if seconds > least else []

    def _holding(self) -> list[str]:
        held = [f"{each.guard} holds on {' zone '.join(filter(None, each[1:]))}" for each in self._guards.holding()]
        return [*held, "checks from the controller are doubted"] if self._guards.oversight.doubted else held

    async def tell(self) -> None:
        """Keep the status that is shown true, until cancelled."""
        told = ""
        while True:
            if (now := self.status()) != told and notify(f"STATUS={now}"):
                told = now
            await asyncio.sleep(SELDOM)
            try:
                async with asyncio.timeout(AT_LEAST):
                    await self._news.wait()
            except TimeoutError:
                continue
            self._news.clear()

    def vital(self) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """What must go on for as long as the daemon does."""
        interval = watchdog_interval()
        watchdog = [] if interval is None else [("watchdog", feed_watchdog(interval, self.unwell))]
        return [*watchdog, ("store", self._store.writer_ended())]


def of_deployables(seen: Seen) -> list[str]:
    """How all stand, in words."""
    states = seen.of("deployable")
    if not states:
        return ["no deployables"]
    words = ", ".join(f"{number} {word}" for word, number in sorted(states.items(), key=lambda each: (-each[1], each[0])))
    contact = f"contact with {seen.of('contact').get('', 0)} of {counted(sum(seen.of('assembly').values()), 'machine')}"
    parts = [f"{counted(sum(states.values()), 'deployable')}: {words}", contact]
    recoveries, held = sum(seen.of("recovery").values()), seen.of("held")
    if recoveries:
        by = f", {sum(held.values())} held by {', '.join(held)}" if held else ""
        parts.append(f"{counted(recoveries, 'recovery', 'recoveries')} under way{by}")
    return parts


def counted(number: int, one: str, more: str = "") -> str:
    """``1 machine``, ``2 machines``."""
    return f"{number} {one if number == 1 else more or one + 's'}"

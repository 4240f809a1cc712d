"""Drops what is older than a journal keeps, and the oldest where the store is larger than it may be.

Rules:
- A part at a time, with others in between: the writer is never held for long.
- What was dropped is told as an event, which belongs to no deployable. What has to be kept is kept, even where the store is too large then;
  that is an alert, once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from cpe.shell.alerting import MARK
from cpe.shell.background import beside
from cpe.shell.store.retaining import Pass, cuts, drop_events, drop_facts, droppable, free_pages, give_back, moments, used
from cpe.shell.store.sqlite import SqliteStore
from cpe.shell.store.writer import Write
from pcloud.errors import StoreError
from pcloud.model.actions import Report

log = logging.getLogger(__name__)

FIRST = 60.0
"""Seconds after the start: that has enough to do."""

PERIOD = 600.0
"""Seconds between two passes: as old or as large as a journal may be, it is so by minutes more."""

BREATH = 0.02
"""Seconds between two parts: at most a third of the writer's time."""

PARTS = 16
"""A store that is too large loses a sixteenth of what is in it, and is looked at again."""

RECENT = 60.0
"""Seconds that are left whatever the size: what was recorded just now is still being told."""


class Retention:
    """Keeps what is younger than ``keep`` seconds and, if it fits, within ``size`` bytes."""

    def __init__(self, store: SqliteStore, *, keep: float, size: int, wall: Callable[[], float]) -> None:
        self._store = store
        self._keep = keep
        self._size = size
        self._wall = wall
        self._too_large = False  # and somebody was told

    async def run(self) -> None:
        """Do so for ever."""
        await asyncio.sleep(FIRST)
        while True:
            try:
                await self.tidy()
            except StoreError as error:
                log.warning("nothing old can be dropped", extra={"reason": str(error)})
            await asyncio.sleep(PERIOD)

    async def tidy(self) -> None:
        """One pass."""
        before = self._wall() - self._keep
        events, facts = await self._drop(before)
        why, latest = "age", self._wall() - RECENT
        too_large = await self._store.read(used) > self._size
        for moment in [*await self._store.read(partial(moments, parts=PARTS)), latest] if too_large else ():
            if before < moment <= latest and await self._store.read(used) > self._size:
                before, why = moment, "size"
                more = await self._drop(before)
                events, facts = events + more[0], facts + more[1]
        while await self._store.read(free_pages):
            await self._write(give_back)
        if events or facts:
            then = datetime.fromtimestamp(before, UTC)
            reason = f"{events} events and {facts} facts of before {then:%Y-%m-%d %H:%M:%S} UTC were dropped because of their {why}"
            await self._store.report("", Report("retired", reason=reason), wall=self._wall())
        await self._complain(await self._store.read(used) > self._size)

    async def _drop(self, before: float) -> tuple[int, int]:
        """Drop all of before that moment that need not be kept; how many events and facts that was."""
        mark = await self._store.mark(MARK)
        walk, events, dropped = Pass(before, None if mark is None else int(mark)), 0, [0]
        while not walk.over:
            numbers = await self._store.read(partial(droppable, walk=walk))
            if numbers:
                await self._write(partial(drop_events, numbers=numbers))
            events += len(numbers)
            await asyncio.sleep(BREATH)
        for deployable, first in await self._store.read(partial(cuts, before=before)):
            part: list[int] = []
            while not part or part[-1]:
                await self._write(partial(drop_facts, deployable=deployable, before=first, dropped=part))
            dropped += part
        return events, sum(dropped)

    async def _write(self, write: Write) -> None:
        await self._store.write(write)
        await asyncio.sleep(BREATH)

    async def _complain(self, too_large: bool) -> None:
        """Say it once that what has to be kept is too much."""
        if too_large and not self._too_large:
            reason = (
                f"the store is larger than {self._size} bytes with nothing in it that may be dropped: raise size in [store] of pcloud.toml"
            )
            await self._store.report("", Report("store_too_large", reason=reason, alert=True), wall=self._wall())
        self._too_large = too_large


@asynccontextmanager
async def retention(store: SqliteStore, *, keep: float, size: int, wall: Callable[[], float]) -> AsyncIterator[None]:
    """What is too old is dropped while this lasts."""
    async with beside(Retention(store, keep=keep, size=size, wall=wall).run(), "retention"):
        yield

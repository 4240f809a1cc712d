"""One run of a daemon on its store: its start and its end are written down, and whether it may trust itself and what it knows.

Rules: the start, the doubt about every deployable and the store's new home are one transaction; a doubt stays in the store until the state
of its deployable says that it only observes. A run that ends without having said so has died.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from cpe.policy.trust import Start, crash_loop
from cpe.shell.store.home import HOME, Home, Resident, moved, read_resident, write_resident
from cpe.shell.store.sqlite import SqliteStore
from cpe.shell.store.starts import end_start, read_last_start, read_starts, write_start
from pcloud.errors import PcloudError, StoreError

log = logging.getLogger(__name__)


@asynccontextmanager
async def run_of(store: SqliteStore, *, limit: int, wall: Callable[[], float], home: Home | None = None) -> AsyncIterator[str]:
    """Run on an open store; gives why this run must not trust what it finds there, or itself: empty if it may.

    ``limit`` is crash_loop_starts. It ends in good order where the block does, or with a PcloudError, which says why it could not go on.
    """
    here = home if home is not None else await asyncio.to_thread(Home.of, store.directory)
    last = await store.read(read_last_start)
    resident = await asyncio.to_thread(read_resident, store.directory)
    doubt = moved(await store.mark(HOME), here, resident, controller=store.controller, starts=last)
    now = wall()
    doubt = doubt or crash_loop([*await store.read(read_starts), Start(now)], limit)
    await store.write(partial(write_start, wall=now, doubt=doubt, home=here.text()))
    await asyncio.to_thread(write_resident, store.directory, Resident(store.controller, await store.read(read_last_start)))
    if doubt:
        log.warning("only observing", extra={"reason": doubt})
    try:
        yield doubt
    except PcloudError:
        await _end(store, wall)
        raise
    await _end(store, wall)


async def _end(store: SqliteStore, wall: Callable[[], float]) -> None:
    """It ends in good order; one whose store cannot be written any more does not."""
    try:
        await store.write(partial(end_start, wall=wall()))
    except StoreError as error:
        log.warning("the end cannot be recorded", extra={"reason": str(error)})

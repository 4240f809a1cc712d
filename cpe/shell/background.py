"""Tasks that run beside everything else, for as long as a block lasts.

Rules: a bug is told when it happens, not when the daemon ends; then it is raised.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)


@asynccontextmanager
async def beside(work: Coroutine[None, None, None], name: str) -> AsyncIterator[None]:
    """``work`` goes on until it ends or the block does."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(loudly(f"{name} has ended of a bug"))
    try:
        yield
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


def loudly(what: str) -> Callable[[asyncio.Task[None]], None]:
    """For ``add_done_callback``: ``what`` says what does not happen any more."""

    def told(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error(what, exc_info=task.exception())

    return told

"""Tasks that nobody waits for while all is well: their end by a bug is told when it happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)


def loudly(what: str) -> Callable[[asyncio.Task[None]], None]:
    """For ``add_done_callback``: ``what`` says what does not happen any more."""

    def told(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error(what, exc_info=task.exception())

    return told

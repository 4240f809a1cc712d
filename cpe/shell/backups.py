"""Backups of a running daemon: made beside the store, handed out, and gone again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cpe.shell.store.backup import write_backup
from pcloud.errors import RefusedError
from pcloud.limits import time_limit

BACKUP = "backup.tmp"
"""The file in the state directory while one is made: where the store has room, a copy of it mostly has, too."""


TURN = 30.0
"""Seconds to wait for another one: more than one that was just sent needs to be put away, and less than one that is fetched slowly."""


class Backups:
    """Of the state in ``directory``; one at a time."""

    def __init__(self, directory: Path, *, turn: float = TURN) -> None:
        self._file = directory / BACKUP
        self._turn = turn
        self._busy = asyncio.Lock()

    @asynccontextmanager
    async def made(self) -> AsyncIterator[Path]:
        """A backup, as long as the block lasts. StoreError; RefusedError while another is made."""
        try:
            async with time_limit(self._turn):
                await self._busy.acquire()
        except TimeoutError as error:
            raise RefusedError("another backup is being made", "wait until it is done") from error
        try:
            await asyncio.to_thread(self._file.unlink, missing_ok=True)  # of a daemon that was killed
            making = asyncio.create_task(asyncio.to_thread(write_backup, self._file.parent, self._file), name="backup")
            try:
                await asyncio.shield(making)
                yield self._file
            finally:
                await asyncio.wait({making})  # a thread cannot be broken off
                await asyncio.to_thread(self._file.unlink, missing_ok=True)
        finally:
            self._busy.release()

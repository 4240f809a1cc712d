"""Backups of a running daemon: made beside the store, handed out, and gone again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cpe.shell.store.backup import write_backup
from pcloud.errors import RefusedError

BACKUP = "backup.tmp"
"""The file in the state directory while one is made: where the store has room, a copy of it mostly has, too."""


class Backups:
    """Of the state in ``directory``; one at a time."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / BACKUP
        self._busy = False

    @asynccontextmanager
    async def made(self) -> AsyncIterator[Path]:
        """A backup, as long as the block lasts. StoreError; RefusedError while another is made."""
        if self._busy:
            raise RefusedError("another backup is being made", "wait until it is done")
        self._busy = True
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
            self._busy = False

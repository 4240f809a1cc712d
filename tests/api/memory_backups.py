"""Backups of a controller that has no store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cpe.shell.store.backup import write_backup
from cpe.shell.store.sqlite import SqliteStore


class MemoryBackups:
    """Each is one of a store that nothing is in."""

    @asynccontextmanager
    async def made(self) -> AsyncIterator[Path]:
        with TemporaryDirectory() as name:
            async with SqliteStore(Path(name)):
                pass
            write_backup(Path(name), Path(name) / "backup")
            yield Path(name) / "backup"

"""A store that cannot be written for a while: which errors mean that, and when it is worth trying again.

Rules: nobody tries but this, with a small write of its own, now and then: thousands who try again by themselves would keep the machine
busy with nothing.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from pcloud.errors import StoreError, UnwritableError
from pcloud.records.event import EventRecord

TRY_AGAIN = 1.0
"""Seconds between two looks whether it can be written again: soon enough for a recovery, and nothing beside its probes."""

ROOM = 2**20
"""Bytes that must be free before it is tried again: less would be full with the next group, and so on and off."""

_CURE = "look at the disk that the store is on"
_CURES = {
    sqlite3.SQLITE_FULL: "make room on the disk that the store is on",
    sqlite3.SQLITE_IOERR: _CURE,
    sqlite3.SQLITE_READONLY: _CURE,
    sqlite3.SQLITE_CANTOPEN: _CURE,
    sqlite3.SQLITE_BUSY: "end what else works on the store",
    sqlite3.SQLITE_NOMEM: "the machine has no memory left",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "it is damaged: restore it from a backup",
}
"""What is not the fault of what is being written, by SQLite's primary code; SQLite has rolled it back. With what would help."""


class Trouble:
    """``error`` is what stands in the way now, None while all is well; ``told`` is called with its words, and with "" when it is over.

    ``try_again`` does a small write; sqlite3.Error while it is not over.
    """

    def __init__(self, try_again: Callable[[], Awaitable[None]], told: Callable[[str], None]) -> None:
        self.error: UnwritableError | None = None
        self._try_again = try_again
        self._told = told
        self._over = asyncio.Event()
        self._over.set()
        self._mending: asyncio.Task[None] | None = None

    def note(self, error: Exception) -> StoreError:
        """What went wrong, for those who wait."""
        message, cure = f"the store cannot be written: {error}", _CURES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")
        failure = UnwritableError(message, cure) if cure else StoreError(message, _CURE)
        failure.__cause__ = error
        if isinstance(failure, UnwritableError):
            self.error = failure
            self._over.clear()
            self._mending = asyncio.create_task(self._mend(), name="store tries again")
            self._told(message)
        return failure

    async def over(self) -> None:
        """Return when it is worth trying again."""
        await self._over.wait()

    def end(self) -> None:
        """Try no more."""
        if self._mending is not None:
            self._mending.cancel()

    async def _mend(self) -> None:
        while self.error is not None:
            await asyncio.sleep(TRY_AGAIN)
            try:
                await self._try_again()
            except sqlite3.Error:
                continue
            self.error = None
        self._over.set()
        self._told("")


def like(failure: StoreError) -> StoreError:
    """The same for somebody else: one exception that many raise would gather the tracebacks of all."""
    again = type(failure)(str(failure), failure.cure)
    again.__cause__ = failure.__cause__
    return again


def touch(connection: sqlite3.Connection) -> list[EventRecord]:
    """Write something that changes nothing. sqlite3.Error, also where there is next to no room."""
    for _, name, path in connection.execute("PRAGMA database_list").fetchall():
        if name == "main" and not room_in(Path(path).parent):
            raise sqlite3.OperationalError("there is no room yet")
    connection.execute("UPDATE meta SET value = value WHERE key = 'controller'")
    return []


def room_in(directory: Path) -> bool:
    """Whether a disk has room for more than a few more words. Where that cannot be told it may be tried."""
    try:
        there = os.statvfs(directory)
    except OSError:
        return True
    return there.f_bavail * there.f_frsize >= ROOM

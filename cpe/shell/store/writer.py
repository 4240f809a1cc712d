"""One writer, one thread, group commit: all that waits when the writer becomes free goes into one transaction.

Rules:
- A caller resumes when its write is durable, or with UnwritableError when nothing of it is; with another StoreError it cannot be told.
- The queue is bounded, so that writers faster than the disk wait; events are told in the order of their commits.
- After a write that failed for want of room, or of a working disk, none is tried until that is over (``trouble``).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from cpe.shell.store.trouble import Trouble, like, touch
from pcloud.errors import StoreError
from pcloud.limits import time_limit
from pcloud.records.event import EventRecord

WAITING = 1024
"""Writes that may wait, and so the most that one transaction takes: about a megabyte of states."""

DURABLE_WITHIN = 60.0
"""Seconds for one write, queue and disk together, but for those in which we stood still ourselves; a disk that is slower has failed."""

Write = Callable[[sqlite3.Connection], Sequence[EventRecord]]
Request = tuple[Write, asyncio.Future[None]]


class GroupWriter:
    """Runs writes on ``connection``, which belongs to ``thread``; tells ``committed`` of their events in the loop's thread.

    ``troubled`` is told why it cannot be written any more, and "" when it can again.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        thread: ThreadPoolExecutor,
        committed: Callable[[Sequence[EventRecord]], None],
        troubled: Callable[[str], None],
    ) -> None:
        self.commits = self.writes = self.failures = 0  # transactions, what was in them, and transactions that failed
        self._began: float | None = None  # the loop's time, while a transaction is under way
        self.trouble = Trouble(self._touch, troubled)
        self._connection = connection
        self._thread = thread
        self._committed = committed
        self._queue: asyncio.Queue[Request | None] = asyncio.Queue(WAITING)
        self._closed = False
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def write(self, write: Write) -> None:
        """Durable when it returns. UnwritableError if it is not; StoreError if that cannot be told in time, or it is closed."""
        if self._closed:
            raise StoreError("the store is closed")
        if self.trouble.error is not None:
            raise like(self.trouble.error)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            async with time_limit(DURABLE_WITHIN):
                await self._queue.put((write, done))
                if self._closed and self._task.done():  # closed while we waited for room: nobody would answer
                    raise StoreError("the store is closed")
                await done
        except TimeoutError as error:
            raise StoreError(f"the store took longer than {DURABLE_WITHIN:g} s to write", "look at the disk that it is on") from error

    @property
    def waiting(self) -> int:
        """Writes that wait for the transaction under way."""
        return self._queue.qsize()

    @property
    def under_way(self) -> float:
        """Seconds since the transaction began that is under way; 0 if there is none."""
        return 0.0 if self._began is None else asyncio.get_running_loop().time() - self._began

    async def ended(self) -> None:
        """Return when nothing is written any more; raises what ended it, if that was a bug."""
        await asyncio.wait([self._task])
        self._task.result()

    async def close(self) -> None:
        """Write what waits, and end. Raises what ended the writer before."""
        self.trouble.end()
        if not self._closed:
            self._closed = True
            await self._queue.put(None)
        await self._task

    async def _run(self) -> None:
        batch: list[Request] = []
        try:
            while batch := await self._next_batch():
                await self._commit_batch(batch)
        finally:
            self._closed = True
            self._refuse(batch, StoreError("the store's writer has ended", "look at the daemon's log"))

    async def _next_batch(self) -> list[Request]:
        """All that waits, at least one; empty when there will be no more."""
        request = await self._queue.get()
        batch: list[Request] = []
        while request is not None:
            if not request[1].done():  # else nobody waits for it any more
                batch.append(request)
            if batch and self._queue.empty():
                return batch
            request = await self._queue.get()
        if batch:
            self._queue.put_nowait(None)  # end after this batch
        return batch

    async def _commit_batch(self, batch: list[Request]) -> None:
        if self.trouble.error is not None:
            self._refuse(batch, self.trouble.error)
            return
        self._began = asyncio.get_running_loop().time()
        try:
            events = await self._commit([write for write, _ in batch])
        except (sqlite3.Error, UnicodeDecodeError) as error:  # damaged names are in SQLite's own messages, too
            self.failures += 1
            self._refuse(batch, self.trouble.note(error))
            return
        finally:
            self._began = None
        self.writes += len(batch)
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        if events:
            self._committed(events)

    async def _commit(self, writes: Sequence[Write]) -> list[EventRecord]:
        events = await asyncio.get_running_loop().run_in_executor(self._thread, commit, self._connection, writes)
        self.commits += 1
        return events

    async def _touch(self) -> None:
        await self._commit([touch])

    def _refuse(self, batch: list[Request], failure: StoreError) -> None:
        """Tell those of the batch, and at the end those who wait still, that nothing of theirs was written."""
        requests: list[Request | None] = [*batch]
        while self._closed and not self._queue.empty():
            requests.append(self._queue.get_nowait())
        for request in requests:
            if request is not None and not request[1].done():
                request[1].set_exception(like(failure))


def commit(connection: sqlite3.Connection, writes: Sequence[Write]) -> list[EventRecord]:
    """In the writer's thread: all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        events = [event for write in writes for event in write(connection)]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite may have rolled back by itself, on a full disk for instance
            connection.execute("ROLLBACK")
        raise
    return events

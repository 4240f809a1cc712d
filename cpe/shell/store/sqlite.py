"""The store as the controller and the DPEs use it: ``Journal``, and what must be known after a restart.

Rules: opened and closed once; everything is awaited, nothing blocks the loop; reads see all that was acknowledged.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from cpe.shell.store.checking import open_for_reading
from cpe.shell.store.checkpoints import Checkpoints
from cpe.shell.store.explaining import read_explanations
from cpe.shell.store.home import STORE_FILE, refuse_emptied
from cpe.shell.store.load import StoreLoad, load_of
from cpe.shell.store.lock import DirectoryLock
from cpe.shell.store.port import StoredDeployable
from cpe.shell.store.restoring import finish
from cpe.shell.store.schema import open_for_writing
from cpe.shell.store.tables import (
    EventQuery,
    FactRow,
    StateRow,
    read_deployables,
    read_events,
    read_facts,
    read_meta,
    read_state,
    read_states,
    remove_deployable,
    write_deployable,
    write_event,
    write_meta,
    write_record,
)
from cpe.shell.store.writer import GroupWriter
from pcloud.errors import StoreError, UnwritableError
from pcloud.limits import time_limit
from pcloud.model.actions import Report
from pcloud.model.events import SettingsChanged
from pcloud.model.facts import JournalFact, StateKept, Taken
from pcloud.model.ports import Stored
from pcloud.model.state import DeployableState
from pcloud.records.event import EventRecord
from pcloud.records.explanation import Explanation
from pcloud.records.fact import FactRecord, dump_fields, dump_ordered
from pcloud.records.requests import SpecUpload
from pcloud.records.serialising import dump_report, dump_state

READ_WITHIN = 30.0
"""Seconds for one read, those before it included: the largest is a page of a thousand events."""

T = TypeVar("T")


EventsCallback = Callable[[Sequence[EventRecord]], None]


class SqliteStore:
    """One state directory, which no other daemon can open meanwhile. Use ``async with``, or ``open`` and ``close``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._controller = ""
        self._callbacks: list[EventsCallback] = []
        self._trouble_callbacks: list[Callable[[str], None]] = []
        self._lock: DirectoryLock | None = None
        self._writer: GroupWriter | None = None
        # Each connection lives in a thread of its own: SQLite's calls block, and its connections are not shared.
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._checkpoints = Checkpoints()
        self._staged: dict[str, tuple[str, SpecUpload]] = {}
        self._writes: sqlite3.Connection | None = None
        self._reads: sqlite3.Connection | None = None

    async def open(self) -> None:
        """StoreError for a file that cannot be trusted, which is left as it is; RefusedError while another daemon has it."""
        loop = asyncio.get_running_loop()
        path = self.directory / STORE_FILE
        try:
            self._lock = _locked(self.directory)  # at once, so that nothing can be cancelled between having it and knowing it
            await loop.run_in_executor(self._writing, finish, self.directory)
            await loop.run_in_executor(self._writing, refuse_emptied, path)
            self._writes = await loop.run_in_executor(self._writing, open_for_writing, path)
            self._reads = await loop.run_in_executor(self._reading, open_for_reading, path)
            self._controller = (await self.read(read_meta))["controller"]
        except BaseException:
            await self.close()
            raise
        self._writer = GroupWriter(self._writes, self._writing, self._tell, self._tell_trouble)

    async def close(self) -> None:
        """Write what waits, and let others have the directory. No error if it is closed already."""
        loop = asyncio.get_running_loop()
        try:
            if self._writer is not None:
                await self._writer.close()
        finally:
            for thread, connection in ((self._reading, self._reads), (self._writing, self._writes)):
                if connection is not None:  # the writer's last: it takes the WAL into the file
                    await loop.run_in_executor(thread, connection.close)
                thread.shutdown(wait=False)
            self._reads = self._writes = None
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def controller(self) -> str:
        """Who we are: made once with the store."""
        return self._controller

    @property
    def commits(self) -> int:
        """Transactions since it was opened."""
        return self._writer.commits if self._writer else 0

    def load(self) -> StoreLoad:
        """How much it has to do, and has done. StoreError if it is not open."""
        if self._writer is None:
            raise StoreError("the store is not open")
        return load_of(self._writer, self.directory / STORE_FILE)

    async def writer_ended(self) -> None:
        """Return when it is closed; raises what its writer died of, after which nothing can be recorded any more."""
        if self._writer is not None:
            await self._writer.ended()

    @property
    def trouble(self) -> UnwritableError | None:
        """Why it cannot be written now; None if it can, as far as is known."""
        return self._writer.trouble.error if self._writer is not None else None

    def on_trouble(self, callback: Callable[[str], None]) -> None:
        """Call it in the loop's thread with the reason when it cannot be written any more, and with "" when it can again."""
        self._trouble_callbacks.append(callback)

    async def writable(self) -> None:
        """Return when it can be written again, as far as is known."""
        if self._writer is None:
            raise StoreError("the store is not open")
        await self._writer.trouble.over()

    def on_events(self, callback: EventsCallback) -> None:
        """Call it in the loop's thread with every group of events that became durable, in the order of ``seq``; it must not block."""
        self._callbacks.append(callback)

    async def record(
        self, state: DeployableState, *, at: float, wall: float, reports: Sequence[Report], facts: Sequence[JournalFact] = ()
    ) -> None:
        """One transaction: the state with its open intents, the facts that led to it, and the reports. Durable when it returns."""
        row = StateRow(state.name, at, wall, state.version, dump_state(state), bool(state.observing))
        texts = [(report, dump_report(report)) for report in reports]
        taken = [FactRow(wall, *dump_fields(fact), dump_ordered(fact)) for fact in facts]
        spec = self._staged_for(state.name, facts)

        def write(connection: sqlite3.Connection) -> Sequence[EventRecord]:
            due = self._checkpoints.due(connection, row.deployable, len(taken), wall)
            return write_record(connection, row, texts, taken, spec, partial(_kept, state, row) if due else None)

        await self.write(write)

    @contextmanager
    def staged(self, name: str, spec: str, upload: SpecUpload) -> Iterator[None]:
        """Meanwhile the record of a ``SettingsChanged`` with this ``spec`` replaces the deployable's, in one transaction."""
        _check_text(name, upload)
        self._staged[name] = (spec, upload)
        try:
            yield
        finally:
            del self._staged[name]

    def _staged_for(self, name: str, facts: Sequence[JournalFact]) -> SpecUpload | None:
        spec, upload = self._staged.get(name, ("", None))
        events = [fact.event for fact in facts if isinstance(fact, Taken)]
        return upload if any(isinstance(event, SettingsChanged) and event.spec == spec for event in events) else None

    async def report(self, deployable: str, report: Report, *, wall: float) -> None:
        """An event without a state: what the controller itself has to say of a deployable."""
        await self.write(partial(write_event, deployable=deployable, wall=wall, report=report, text=dump_report(report)))

    async def save_deployable(self, name: str, upload: SpecUpload) -> None:
        """Register it, or replace its spec."""
        _check_text(name, upload)
        await self.write(partial(write_deployable, name=name, upload=upload, wall=time.time()))

    async def delete_deployable(self, name: str) -> None:
        """Forget its spec, its state and its facts; its events stay. No error if there is none."""
        await self.write(partial(remove_deployable, name=name))
        self._checkpoints.forget(name)

    async def mark(self, key: str) -> str | None:
        """What was remembered under ``key`` about the store itself."""
        return (await self.read(read_meta)).get(key)

    async def save_mark(self, key: str, value: str | None) -> None:
        """Remember it; None forgets it."""
        await self.write(partial(write_meta, key=key, value=value))

    async def deployables(self) -> list[StoredDeployable]:
        """All that are registered, by name."""
        return await self.read(read_deployables)

    async def deployable(self, name: str) -> StoredDeployable | None:
        """One of them; None if it is not registered."""
        found = await self.read(partial(read_deployables, name=name))
        return found[0] if found else None

    async def load_state(self, name: str) -> Stored | None:
        """The state as it was recorded last, without its plan; None if it never was."""
        return await self.read(partial(read_state, name=name))

    async def load_states(self, names: Sequence[str]) -> list[Stored | Exception | None]:
        """The same of several, in their order; the error in the place of one that cannot be read."""
        return await self.read(partial(read_states, names=names))

    async def events(
        self, *, after: int = 0, limit: int = 100, target: str = "", since: datetime | None = None, last: bool = False, kind: str = ""
    ) -> list[EventRecord]:
        """Events with ``seq`` > ``after``, not before ``since`` (UTC if it does not say), of ``target`` or anything below it.

        With ``kind`` only those of that kind.
        At most ``limit``, always in the order of ``seq``: the oldest ones, or with ``last`` the newest.
        """
        moment = None if since is None else (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()
        return await self.read(partial(read_events, query=EventQuery(after, limit, target, moment, last, kind)))

    async def explanations(self, *, target: str, last: int) -> list[Explanation]:
        """The ``last`` decisions about ``target`` or anything below it, in order, each with what came of it."""
        return await self.read(partial(read_explanations, target=target, last=last))

    async def facts(self, name: str, *, after: int = 0, limit: int = 100) -> list[FactRecord]:
        """A deployable's facts with ``seq`` > ``after``, the oldest ``limit`` of them, in order."""
        return await self.read(partial(read_facts, name=name, after=after, limit=limit))

    async def write(self, write: Callable[[sqlite3.Connection], Sequence[EventRecord]]) -> None:
        """Do it in the writer's thread, in a transaction; its events are told. StoreError."""
        if self._writer is None:
            raise StoreError("the store is not open")
        await self._writer.write(write)

    async def read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Do it in the reader's thread. StoreError."""
        if self._reads is None:
            raise StoreError("the store is not open")
        try:
            async with time_limit(READ_WITHIN):
                return await asyncio.get_running_loop().run_in_executor(self._reading, read, self._reads)
        except (sqlite3.Error, UnicodeDecodeError) as error:  # damaged names are in SQLite's own messages, too
            raise StoreError(f"the store cannot be read: {error}") from error
        except TimeoutError as error:
            raise StoreError(f"the store took longer than {READ_WITHIN:g} s to read", "look at the disk that it is on") from error

    def _tell(self, events: Sequence[EventRecord]) -> None:
        for callback in self._callbacks:  # by the loop, so that a faulty listener is reported and harms no writer
            asyncio.get_running_loop().call_soon(callback, events)

    def _tell_trouble(self, trouble: str) -> None:
        for callback in self._trouble_callbacks:
            asyncio.get_running_loop().call_soon(callback, trouble)


def _kept(state: DeployableState, row: StateRow) -> FactRow:
    """A state as a fact."""
    target = None if state.target is state.plan else state.target
    fact = StateKept(row.at, row.wall, row.text, state.plan, target, row.version)
    return FactRow(row.wall, *dump_fields(fact), dump_ordered(fact))


def _check_text(name: str, upload: SpecUpload) -> None:
    try:
        f"{name}{upload.source}{upload.path}".encode()
    except UnicodeEncodeError as error:  # SQLite would raise it in the writer's thread, where it would be everybody's
        raise StoreError(f"the spec of {name} is not valid Unicode text") from error


def _locked(directory: Path) -> DirectoryLock:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{directory} cannot be made: {error.strerror}") from error
    return DirectoryLock(directory)

"""Reading and writing rows. Each function runs in the thread of its connection; sqlite3.Error goes up to whoever runs it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cpe.shell.store.port import StoredDeployable
from cpe.shell.store.starts import forget_doubt, read_doubt, trust_start
from cpe.shell.store.sums import SUMMED, inserting, row_sum
from dpe.policy.records import is_trust
from pcloud.errors import StoreError
from pcloud.model.actions import Report
from pcloud.model.ports import Stored
from pcloud.records.event import EventRecord, alert_of, event_record
from pcloud.records.fact import FactRecord, fact_record
from pcloud.records.requests import SpecUpload
from pcloud.records.serialising import dump_report, load_report, load_state


@dataclass(frozen=True, slots=True)
class StateRow:
    """A state that is on its way into the store, already as text."""

    deployable: str
    at: float
    wall: float
    version: int
    text: str
    observing: bool = False  # it knows of every doubt


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact that is on its way into the store, already as text."""

    wall: float
    kind: str
    fields: str
    ordered: str


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: behind ``after``, not before ``since`` (POSIX seconds), of ``target`` or below it, of ``kind`` if that is given.

    At most ``limit``: the oldest, or with ``last`` the newest.
    """

    after: int = 0
    limit: int = 100
    target: str = ""
    since: float | None = None
    last: bool = False
    kind: str = ""


EVENT = f"SELECT seq, {', '.join(SUMMED['events'])}, sum FROM events WHERE"  # noqa: S608 - our own words
FACT = f"SELECT seq, {', '.join(SUMMED['facts'])}, sum FROM facts WHERE"  # noqa: S608 - our own words


def write_record(
    connection: sqlite3.Connection,
    row: StateRow,
    reports: Sequence[tuple[Report, str]],
    facts: Sequence[FactRow],
    spec: SpecUpload | None = None,
    keep: Callable[[], FactRow] | None = None,
) -> list[EventRecord]:
    """The state, the facts that it came from, its reports, each with its text, and the spec by which it lives if that is another now.

    ``keep`` gives the state as a fact, behind the others.
    """
    if spec is not None:
        write_deployable(connection, row.deployable, spec, row.wall)
    connection.executemany(
        inserting("facts"),
        [(fact.wall, row.deployable, fact.kind, fact.fields, fact.ordered) for fact in (*facts, *((keep(),) if keep else ()))],
    )
    connection.execute(
        inserting("states", "INSERT OR REPLACE"),
        (row.deployable, row.at, row.wall, row.version, row.text),
    )
    if row.observing:
        forget_doubt(connection, row.deployable)
    if any(is_trust(report) for report, _ in reports):
        trust_start(connection, row.wall)
    return [event for report, text in reports for event in write_event(connection, row.deployable, row.wall, report, text)]


def write_event(connection: sqlite3.Connection, deployable: str, wall: float, report: Report, text: str) -> list[EventRecord]:
    """One report, with its text, and behind it the alert that it raises."""
    events = [_insert_event(connection, deployable, wall, report, text)]
    alert = alert_of(report)
    if alert is not None:
        events.append(_insert_event(connection, deployable, wall, alert, dump_report(alert)))
    return events


def _insert_event(connection: sqlite3.Connection, deployable: str, wall: float, report: Report, text: str) -> EventRecord:
    cursor = connection.execute(
        inserting("events"),
        (wall, deployable, report.assembly, report.resource, report.kind, report.decision, text),
    )
    return event_record(cursor.lastrowid or 0, wall, deployable, report)


def write_deployable(connection: sqlite3.Connection, name: str, upload: SpecUpload, wall: float) -> list[EventRecord]:
    """Register it, or replace its spec: then it is as old as it was."""
    connection.execute(
        f"{inserting('deployables')} ON CONFLICT (name) DO UPDATE SET source = excluded.source, path = excluded.path, "
        "files = excluded.files, sum = row_sum(name, excluded.source, excluded.path, excluded.files, created)",
        (name, upload.source, upload.path, json.dumps(upload.files), wall),
    )
    return []


def remove_deployable(connection: sqlite3.Connection, name: str) -> list[EventRecord]:
    """Its spec and its state, with the facts, which hold both; its events stay, they are history."""
    connection.execute("DELETE FROM facts WHERE deployable = ?", (name,))
    connection.execute("DELETE FROM deployables WHERE name = ?", (name,))
    connection.execute("DELETE FROM states WHERE deployable = ?", (name,))
    forget_doubt(connection, name)
    return []


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM meta"))


def write_meta(connection: sqlite3.Connection, key: str, value: str | None) -> list[EventRecord]:
    """Remember one thing about the store itself, or with None forget it."""
    if value is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (key,))
    else:
        connection.execute(inserting("meta", "INSERT OR REPLACE"), (key, value))
    return []


def read_deployables(connection: sqlite3.Connection, name: str | None = None) -> list[StoredDeployable]:
    """All of them by name, or the one of that name."""
    statement = "SELECT name, source, path, files, created FROM deployables WHERE ?1 IS NULL OR name = ?1 ORDER BY name"
    rows = connection.execute(statement, (name,))
    return [_deployable(*row) for row in rows]


def _deployable(name: str, source: str, path: str, files: str, created: float) -> StoredDeployable:
    """One row. StoreError for one that is damaged."""
    try:
        return StoredDeployable(name, SpecUpload(source=source, path=path, files=json.loads(files)), datetime.fromtimestamp(created, UTC))
    except (ValueError, OverflowError, RecursionError) as error:
        raise StoreError(f"the stored spec of {name} cannot be read", "restore the store from a backup; it was left as it is") from error


def read_state(connection: sqlite3.Connection, name: str) -> Stored | None:
    row = connection.execute("SELECT at, wall, version, state FROM states WHERE deployable = ?", (name,)).fetchone()
    if row is None:
        return None
    at, wall, version, text = row
    return Stored(load_state(text, version), at, wall, read_doubt(connection, name))


def read_states(connection: sqlite3.Connection, names: Sequence[str]) -> list[Stored | Exception | None]:
    """Of each name its state, or why that cannot be read; a bug at one is nothing to the others."""
    found: list[Stored | Exception | None] = []
    for name in names:
        try:
            found.append(read_state(connection, name))
        except Exception as error:  # noqa: BLE001 - raised by whoever wants this one
            found.append(error)
    return found


def read_facts(connection: sqlite3.Connection, name: str, after: int, limit: int) -> list[FactRecord]:
    """In the order of ``seq``."""
    statement = f"{FACT} deployable = ? AND seq > ? ORDER BY seq LIMIT ?"
    return [fact_record(*believed(row)) for row in connection.execute(statement, (name, after, limit))]


def below(target: str) -> tuple[list[str], list[object]] | None:
    """The conditions of events of ``target`` or anything below it, with their values; None for what cannot be a target."""
    parts: list[object] = [*target.split("/")] if target else []
    columns = ("deployable", "assembly", "resource")
    return ([f"{column} = ?" for column in columns[: len(parts)]], parts) if len(parts) <= len(columns) else None


def believed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row without its sum. StoreError for one that is not what was written; its number is none of it."""
    *values, written = row
    if row_sum(*values[1:]) != written:
        raise StoreError(f"number {values[0]} of the stored journal is damaged", "restore the store from a backup; it was left as it is")
    return tuple(values)


def event_of(row: tuple[Any, ...]) -> EventRecord:
    """The event in a row of ``EVENT``. StoreError for one that is damaged."""
    seq, wall, deployable, *_, body = believed(row)
    return event_record(seq, wall, deployable, load_report(body))


def read_events(connection: sqlite3.Connection, query: EventQuery) -> list[EventRecord]:
    """In the order of ``seq``."""
    place = below(query.target)
    if place is None:
        return []
    conditions, values = ["seq > ?", *place[0]], [query.after, *place[1]]
    if query.since is not None:
        conditions.append("wall >= ?")
        values.append(query.since)
    if query.kind:
        conditions.append("kind = ?")
        values.append(query.kind)
    order = "DESC" if query.last else "ASC"
    statement = f"{EVENT} {' AND '.join(conditions)} ORDER BY seq {order} LIMIT ?"
    events = [event_of(row) for row in connection.execute(statement, (*values, query.limit)).fetchall()]
    return events[::-1] if query.last else events

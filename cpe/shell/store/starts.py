"""Rows of a daemon's starts, and of the doubts that deployables are not told of yet. Each function runs in the thread of its connection."""

from __future__ import annotations

import sqlite3

from cpe.policy.trust import Start
from cpe.shell.store.home import HOME
from cpe.shell.store.sums import inserting
from pcloud.records.event import EventRecord

KEPT = 100
"""Starts that are remembered: far more than can be of a kind within ten minutes."""


def read_starts(connection: sqlite3.Connection) -> list[Start]:
    """All that are remembered, oldest first."""
    rows = connection.execute("SELECT wall, ended IS NOT NULL, trusted IS NOT NULL FROM starts ORDER BY seq")
    return [Start(wall, bool(ended), bool(trusted)) for wall, ended, trusted in rows]


def read_last_start(connection: sqlite3.Connection) -> int:
    """The number of the last start, 0 if there was none."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM starts").fetchone()[0])


def write_start(connection: sqlite3.Connection, wall: float, doubt: str, home: str) -> list[EventRecord]:
    """A start, the doubt (if there is one) about every state that is known, and where the store is at home from now on."""
    connection.execute("INSERT INTO starts (wall) VALUES (?)", (wall,))
    connection.execute("DELETE FROM starts WHERE seq <= (SELECT max(seq) FROM starts) - ?", (KEPT,))
    connection.execute(inserting("meta", "INSERT OR REPLACE"), (HOME, home))
    if doubt:
        statement = "INSERT OR REPLACE INTO doubts (deployable, reason, sum) SELECT deployable, ?1, row_sum(deployable, ?1) FROM states"
        connection.execute(statement, (doubt,))
    return []


def end_start(connection: sqlite3.Connection, wall: float) -> list[EventRecord]:
    """The last start has ended in good order."""
    connection.execute("UPDATE starts SET ended = ? WHERE seq = (SELECT max(seq) FROM starts)", (wall,))
    return []


def trust_start(connection: sqlite3.Connection, wall: float) -> None:
    """All is well with the last start: a recovery verified, or somebody answers for it."""
    connection.execute("UPDATE starts SET trusted = ? WHERE seq = (SELECT max(seq) FROM starts) AND trusted IS NULL", (wall,))


def read_doubt(connection: sqlite3.Connection, deployable: str) -> str:
    """Why whoever takes up a deployable must only observe it; empty if there is no reason, or if it knows."""
    row = connection.execute("SELECT reason FROM doubts WHERE deployable = ?", (deployable,)).fetchone()
    return row[0] if row is not None else ""


def forget_doubt(connection: sqlite3.Connection, deployable: str) -> None:
    """Its own state says so now, or it is gone."""
    connection.execute("DELETE FROM doubts WHERE deployable = ?", (deployable,))

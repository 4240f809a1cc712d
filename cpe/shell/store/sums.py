"""A sum in each row over what is in it: SQLite finds damage in the order of a file, and none in its contents.

Rules: whatever is acted upon, or told, has a sum; it is written with the row, and compared before the row is believed. Starts have none: of
them only how often and when is counted.
"""

from __future__ import annotations

import sqlite3
import zlib

SUMMED = {
    "meta": ("key", "value"),
    "deployables": ("name", "source", "path", "files", "created"),
    "states": ("deployable", "at", "wall", "version", "state"),
    "doubts": ("deployable", "reason"),
    "events": ("wall", "deployable", "assembly", "resource", "kind", "decision", "body"),
    "facts": ("wall", "deployable", "kind", "fields", "ordered"),
}
"""The columns of each table that are in its sum. Numbers that are given when a row is made (``seq``) are not."""

VITAL = ("meta", "deployables", "states", "doubts")
"""What a daemon acts by: compared whenever a store is opened, however large it is."""


def row_sum(*values: str | float) -> int:
    """The sum of a row. Numbers count as SQLite keeps them, as REAL or as INTEGER of the same value."""
    found = 0
    for value in values:
        text = value if isinstance(value, str) else str(float(value))
        found = zlib.crc32(f"{text}\x1f".encode(errors="surrogatepass"), found)
    return found


def sum_of(table: str) -> str:
    """The sum of a row as an expression of SQL."""
    return f"row_sum({', '.join(SUMMED[table])})"


def inserting(table: str, verb: str = "INSERT") -> str:
    """The statement that writes a row with its sum; it takes the values of the columns in their order."""
    columns = SUMMED[table]
    places = ", ".join(f"?{number}" for number in range(1, len(columns) + 1))
    return f"{verb} INTO {table} ({', '.join(columns)}, sum) VALUES ({places}, row_sum({places}))"


def know_sums(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Let SQL say ``row_sum``."""
    connection.create_function("row_sum", -1, row_sum, deterministic=True)
    return connection


def wrong_sums(connection: sqlite3.Connection, table: str) -> int:
    """How many rows are not what was written."""
    return int(connection.execute(f"SELECT count(*) FROM {table} WHERE sum != {sum_of(table)}").fetchone()[0])  # noqa: S608 - our own words

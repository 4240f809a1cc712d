"""What may be dropped of a journal, and dropping it, a part at a time.

Rules:
- Kept, however old: of each deployable that is registered the last decision about each target with what came of it, and what its state
  names (an open recovery); alerts that were not handed over yet; the facts from the last state on that was kept before the moment in
  question, with the decisions that they have led to.
- Looking is the reader's work, dropping the writer's; neither is held for more than a page.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from pcloud.model.words import Choice
from pcloud.records.event import ALERT, EventRecord

PAGE = 500
"""Rows that are looked at, or dropped, at once: ten milliseconds of either thread."""

_LAST = """
SELECT json_extract(body, '$.record.id'), max(seq) FROM events
WHERE deployable = ? AND decision != '' AND instr(body, '"record": null') = 0 AND json_extract(body, '$.record.choice') != ?
GROUP BY assembly, resource
"""


@dataclass(frozen=True, slots=True)
class Needs:
    """What is needed of a deployable: the decisions of these ids, and those since its facts begin, which replay compares."""

    decisions: frozenset[str] = frozenset()
    since: float = inf


@dataclass(slots=True)
class Pass:
    """One walk through the events. ``told`` is the last alert that was handed over; None where nobody hands any over."""

    before: float
    told: int | None
    seen: int = 0  # the last seq that was looked at
    over: bool = False
    needs: dict[str, Needs] = field(default_factory=dict)  # by deployable, as they are met


def droppable(connection: sqlite3.Connection, walk: Pass) -> list[int]:
    """The numbers of events of the next page that may be dropped."""
    statement = "SELECT seq, wall, deployable, kind, decision, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
    page = connection.execute(statement, (walk.seen, PAGE)).fetchall()
    old = [row for row in page if row[1] < walk.before]
    walk.over = len(page) < PAGE or not old
    walk.seen = page[-1][0] if page else walk.seen
    return [row[0] for row in old if not _kept(connection, walk, *row)]


def _kept(connection: sqlite3.Connection, walk: Pass, seq: int, wall: float, deployable: str, kind: str, decision: str, body: str) -> bool:
    if kind == ALERT and walk.told is not None and seq > walk.told:
        return True
    if not decision:
        return False
    if deployable not in walk.needs:
        walk.needs[deployable] = _needs(connection, deployable, walk.before)
    needs = walk.needs[deployable]
    if decision in needs.decisions:
        return True
    record = json.loads(body).get("record")
    if record is None:
        return False
    return wall >= needs.since or record["id"] in needs.decisions or not needs.decisions.isdisjoint(record.get("evidence", ()))


def _needs(connection: sqlite3.Connection, deployable: str, before: float) -> Needs:
    """What ``explain`` tells of, what the state names, and what the facts that are left have led to."""
    found = connection.execute("SELECT state FROM states WHERE deployable = ?", (deployable,)).fetchone()
    if found is None:
        return Needs()
    last = {name for name, _ in connection.execute(_LAST, (deployable, Choice.RECOVERED))}
    kept = "SELECT wall FROM facts WHERE kind = 'StateKept' AND deployable = ? AND wall < ? ORDER BY seq DESC LIMIT 1"
    first = "SELECT wall FROM facts WHERE deployable = ? ORDER BY seq LIMIT 1"
    begins = connection.execute(kept, (deployable, before)).fetchone() or connection.execute(first, (deployable,)).fetchone() or (inf,)
    return Needs(frozenset(last | set(_words(json.loads(found[0]), f"{deployable}."))), begins[0])


def _words(value: object, prefix: str) -> Sequence[str]:
    """Every text in a document that begins so: ids."""
    if isinstance(value, dict):
        return [word for each in value.values() for word in _words(each, prefix)]
    if isinstance(value, list):
        return [word for each in value for word in _words(each, prefix)]
    return [value] if isinstance(value, str) and value.startswith(prefix) else []


def drop_events(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[EventRecord]:
    connection.executemany("DELETE FROM events WHERE seq = ?", [(number,) for number in numbers])
    return []


def cuts(connection: sqlite3.Connection, before: float) -> list[tuple[str, int]]:
    """Of each deployable that has older facts the number of that which its facts may begin with: a state that was kept before then."""
    statement = "SELECT deployable, max(seq) FROM facts WHERE kind = 'StateKept' AND wall < ? GROUP BY deployable"
    older = "SELECT 1 FROM facts WHERE deployable = ? AND seq < ? LIMIT 1"
    return [cut for cut in connection.execute(statement, (before,)).fetchall() if connection.execute(older, cut).fetchone()]


def drop_facts(connection: sqlite3.Connection, deployable: str, before: int, dropped: list[int]) -> list[EventRecord]:
    """Drop a page of the facts before that number; ``dropped`` gets how many there were."""
    statement = "DELETE FROM facts WHERE seq IN (SELECT seq FROM facts WHERE deployable = ? AND seq < ? ORDER BY seq LIMIT ?)"
    dropped.append(connection.execute(statement, (deployable, before, PAGE)).rowcount)
    return []


def used(connection: sqlite3.Connection) -> int:
    """Bytes of the file that something is in."""
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))
    return int((pages - free) * size)


def free_pages(connection: sqlite3.Connection) -> int:
    """How much of the file could be given back."""
    shrinkable = connection.execute("PRAGMA auto_vacuum").fetchone()[0]
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0]) if shrinkable else 0


def give_back(connection: sqlite3.Connection) -> list[EventRecord]:
    """Make the file a page's worth of pages shorter."""
    connection.execute(f"PRAGMA incremental_vacuum({PAGE})").fetchall()
    return []


def moments(connection: sqlite3.Connection, parts: int) -> list[float]:
    """Moments (POSIX seconds) that part what is stored of events and facts into about equal parts, the oldest first."""
    found = []
    for part in range(1, parts):
        walls: list[float] = []
        for table in ("events", "facts"):
            at = f"SELECT min(seq) + (max(seq) - min(seq)) * ? / ? FROM {table}"  # noqa: S608 - our own words
            row = connection.execute(f"SELECT wall FROM {table} WHERE seq >= ({at}) ORDER BY seq LIMIT 1", (part, parts)).fetchone()  # noqa: S608
            walls += row or ()
        found += [min(walls)] if walls else []
    return sorted(found)

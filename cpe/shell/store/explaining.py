"""Reading decisions and what came of them, in the thread of the connection.

Rules: a decision is an event with a record; one that only says how an earlier one has ended belongs to that one's story.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice

from cpe.shell.store.tables import EVENT, below, event_of
from pcloud.records.event import EventRecord
from pcloud.records.explanation import Explanation, closed_by

STORY = 500
"""Events of one recovery that are told: twenty times what the longest of them has."""

_DECIDED = "decision != '' AND instr(body, '\"record\": null') = 0"  # quick; what is read is looked at once more


def read_explanations(connection: sqlite3.Connection, target: str, last: int) -> list[Explanation]:
    """The last decisions about ``target`` or anything below it, in order, each with its story."""
    place = below(target)
    if place is None:
        return []
    conditions, values = place
    statement = f"{EVENT} {' AND '.join([*conditions, _DECIDED])} ORDER BY seq DESC"
    newest = (event for event in _events(connection, statement, values) if event.record is not None and not closed_by(event))
    return [_explained(connection, decision) for decision in list(islice(newest, last))[::-1]]


def _explained(connection: sqlite3.Connection, decision: EventRecord) -> Explanation:
    told = Explanation(decision=decision, events=list(islice(_story(connection, decision), STORY)))
    following = _next(connection, decision)
    if following is not None and (told.ended is None or following.seq < told.ended.seq):
        told.next = following
    return told


def _story(connection: sqlite3.Connection, decision: EventRecord) -> Iterator[EventRecord]:
    """What carries its id or says that it has ended, until somebody else has the same id: a deployable that was made anew counts anew."""
    name = decision.decision or ""
    statement = f"{EVENT} deployable = ? AND seq > ? AND (decision = ? OR instr(body, ?) > 0) ORDER BY seq"
    for event in _events(connection, statement, [decision.deployable, decision.seq, name, f'"{name}"']):
        if event.record is not None and event.record.id == name:
            return
        if name in {event.decision, closed_by(event)}:
            yield event


def _next(connection: sqlite3.Connection, decision: EventRecord) -> EventRecord | None:
    """The next decision about the same thing, or about the assembly that it is in; what belongs to this one is its story."""
    statement = f"{EVENT} deployable = ? AND assembly = ? AND resource IN (?, '') AND seq > ? AND {_DECIDED} ORDER BY seq"
    name = decision.decision or ""
    values: list[object] = [decision.deployable, decision.assembly or "", decision.resource or "", decision.seq]
    for event in _events(connection, statement, values):
        if event.record is not None and not closed_by(event) and (event.decision != name or event.record.id == name):
            return event
    return None


def _events(connection: sqlite3.Connection, statement: str, values: list[object]) -> Iterator[EventRecord]:
    for row in connection.execute(statement, values):
        yield event_of(row)

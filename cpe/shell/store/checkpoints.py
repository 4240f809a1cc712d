"""States that are kept among the facts, now and then, so that a journal can be cut: what is left can be replayed from there.

Rules: one is due after ``EVERY`` facts, or with the first fact after ``OLDEST``. Counted is in the writer's thread, whose connection it is.
"""

from __future__ import annotations

import sqlite3

EVERY = 500
"""Facts: a state and its plan take as much room as ten of them, and a journal is cut to twice that at most."""

OLDEST = 7 * 86400.0
"""Seconds: by so much a quiet deployable's journal may be longer than it has to be."""


class Checkpoints:
    """What is known of each deployable since it was written last: how many facts, and since when."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, float]] = {}

    def due(self, connection: sqlite3.Connection, deployable: str, facts: int, wall: float) -> bool:
        """Whether a state is to be kept behind these ``facts``; then it is taken as kept."""
        if deployable not in self._known:
            self._known[deployable] = _look_up(connection, deployable, wall)
        count, since = self._known[deployable]
        count += facts
        due = count >= EVERY or (facts > 0 and wall - since >= OLDEST)
        self._known[deployable] = (0, wall) if due else (count, since)
        return due

    def forget(self, deployable: str) -> None:
        """There is no such deployable any more."""
        self._known.pop(deployable, None)


def _look_up(connection: sqlite3.Connection, deployable: str, wall: float) -> tuple[int, float]:
    kept = "SELECT seq, wall FROM facts WHERE kind = 'StateKept' AND deployable = ? ORDER BY seq DESC LIMIT 1"
    first = "SELECT seq - 1, wall FROM facts WHERE deployable = ? ORDER BY seq LIMIT 1"
    found = connection.execute(kept, (deployable,)).fetchone() or connection.execute(first, (deployable,)).fetchone() or (0, wall)
    later = "SELECT count(*) FROM (SELECT 1 FROM facts WHERE deployable = ? AND seq > ? LIMIT ?)"
    return int(connection.execute(later, (deployable, found[0], EVERY)).fetchone()[0]), float(found[1])

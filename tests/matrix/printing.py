"""The matrix as the table of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable

from pcloud.failpoints import declared
from tests.matrix.running import Result
from tests.matrix.table import ROWS

LETTERS = {"kill": "k", "lose": "a"}
"""Killed, and the answer lost."""


def column(recovery: str) -> str:
    """A recovery's further ones stand in its own column."""
    return recovery.split(",", maxsplit=1)[0]


def printed(results: Iterable[Result]) -> str:
    """One line for each point, one column for each recovery; a letter for each case, a capital for one that went wrong.

    One that ended blocked, with its alert, has a ``!`` behind its letter.
    """
    cells: dict[tuple[str, str], str] = {}
    for result in sorted(results, key=lambda each: each.case.act):
        key = (result.case.point, column(result.case.recovery))
        cells[key] = cells.get(key, "") + letter(result)
    lines = [f"| point | {' | '.join(ROWS)} |", f"|---|{'---|' * len(ROWS)}"]
    for point in declared():
        row = [cells.get((point, recovery), "") for recovery in ROWS]
        if any(row):
            lines.append(f"| `{point}` | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def letter(result: Result) -> str:
    found = LETTERS[result.case.act]
    if result.problems:
        return found.upper()
    return found if result.end in {"healthy", "stopped"} else f"{found}!"

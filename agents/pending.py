"""How long what is on its way may be, before it counts as a failure (policy.md section 1).

Rules: a monitor says ``pending KIND LIMITS: REASON``, LIMITS as systemd writes time spans, of several the longest; what is infinite or
unreadable is the service's own time for an action. The core counts one patience from the first pending result in a row, so a kind that
comes later (the stop was slow, now it is inactive) gets its time on top; one that comes back does not, or nothing would ever end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from pcloud.model.ports import ProbeSeen
from pcloud.model.words import Verdict
from pcloud.spec.units import LONGEST

_WORDS = re.compile(r"pending (\w+) ([^:]*): (.*)", re.DOTALL)
_PART = re.compile(r"\s*(?:0(?![^ ])|([0-9]+(?:\.[0-9]+)?)(us|ms|s|min|h|d|w|month|y)(?![a-z]))")
_SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 7 * 86400.0,
    "month": 30.4375 * 86400.0,
    "y": 365.25 * 86400.0,
}
"""systemd.time(7), as ``systemctl show`` prints it."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a monitor says of a service that is on its way; ``limit`` in seconds. ``kind`` is one word."""

    kind: str
    limit: float
    reason: str


def read_pending(text: str, own: float) -> Pending | None:
    """What a monitor's text says, ``own`` being the seconds of an action; None for one that says nothing of it."""
    match = _WORDS.fullmatch(text)
    if match is None:
        return None
    kind, limits, reason = match.groups()
    return Pending(kind, max(own if (span := seconds(limit)) is None else span for limit in limits.split(" or ")), reason)


def seconds(span: str) -> float | None:
    """A time span of systemd (``1min 30s``); None for ``infinity`` and more than ten years, for none at all, and whatever else is none."""
    at, total = 0, 0.0
    while (part := _PART.match(span, at)) is not None:
        if part[1]:  # nothing is written as 0, without a unit
            total += float(part[1]) * _SECONDS[part[2]]
        at = part.end()
    return total if 0 < total <= LONGEST and not span[at:].strip() else None


@dataclass(slots=True)
class _Row:
    """Pending results one after the other: when the first came, and when the first of each kind did."""

    began: float
    kinds: dict[str, float] = field(default_factory=dict)


class Patience:
    """Keeps the rows of one machine's probes."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], _Row] = {}

    def counted(self, seen: ProbeSeen, kind: str, at: float) -> ProbeSeen:
        """The same result with its patience counted from the first of its row; ``at`` is when it came."""
        probe = (seen.resource, seen.key)
        if seen.verdict is Verdict.PENDING:
            row = self._rows.setdefault(probe, _Row(at))
            return replace(seen, patience=row.kinds.setdefault(kind, at) - row.began + seen.patience)
        if seen.verdict is not Verdict.MISSED:  # a miss alone ends no row in the core either
            self._rows.pop(probe, None)
        return seen

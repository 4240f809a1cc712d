"""Recoveries that come too often (policy.md section 3.4): ten of one target in 24 h raise an alert.

Rules: the alert is given when the tenth comes, and again only after there were fewer in between.
"""

from __future__ import annotations

from dpe.policy import windows
from dpe.policy.turn import Turn

RECOVERIES = 10  # of one target …
WITHIN = 86400.0  # … within 24 h raise the alert (rule 3.4)


def remember(turn: Turn, times: tuple[float, ...], assembly: str, resource: str = "") -> tuple[float, ...]:
    """The times of a target's last recoveries with one more; ten are enough to know."""
    before = windows.within(times, turn.at, WITHIN)
    if len(before) == RECOVERIES - 1:
        turn.report("flapping", f"{RECOVERIES} recoveries in 24h", assembly=assembly, resource=resource, alert=True)
    return (*before, turn.at)[-RECOVERIES:]

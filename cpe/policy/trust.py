"""Whether a controller may trust itself (policy.md section 6): not when it has died again and again.

Rules: pure. A start is unclean when the one before did not end in good order. Unclean starts count that lie within the window and behind
the last sign that all is well: a recovery that verified, or somebody's takeover. A clean start is never doubted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 600.0
"""Seconds (policy.md section 6): "three unclean starts in 10 min"."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the daemon, at POSIX seconds. ``ended``: in good order. ``trusted``: all was shown to be well before it ended."""

    wall: float
    ended: bool = False
    trusted: bool = False


def crash_loop(starts: Sequence[Start], limit: int) -> str:
    """Why the last of these starts, oldest first, is one too many; empty if it is not. ``limit`` unclean ones are; 0 never are."""
    if limit == 0 or not unclean(starts, len(starts) - 1):
        return ""
    now, count = starts[-1].wall, 0
    for number in range(len(starts) - 1, 0, -1):
        over = number < len(starts) - 1 and starts[number].trusted
        if over or abs(now - starts[number].wall) > WINDOW:  # a clock that was set back makes nothing older
            break
        count += unclean(starts, number)
    if count < limit:
        return ""
    return f"the controller has died {count} times within 10m, and no recovery verified between its starts (crash_loop_starts = {limit})"


def unclean(starts: Sequence[Start], number: int) -> bool:
    """Whether the one before this start did not end in good order."""
    return number > 0 and not starts[number - 1].ended

"""How often a DPE has died of bugs, and what comes of it: again after a while, or never by itself.

Rules: a DPE that dies is started again after a wait that doubles from 1 s to a minute. With the third death within ten minutes it is
blocked: what kills it will kill it again, and each life of it may do something. A store that cannot be written is no bug of the DPE's:
that makes it wait, and never blocks it. Nothing of this is stored: a daemon that starts anew may be of a version without the bug.
"""

from __future__ import annotations

from collections import deque

FIRST_WAIT = 1.0
"""Seconds: long enough not to spin, short enough that a recovery under way hardly notices."""

LONGEST_WAIT = 60.0
"""Seconds: what comes back at once must not fill the journal, and a store that works again is noticed within a minute."""

TOO_MANY = 3
"""Deaths within WITHIN that block a DPE: as many as unclean starts that make a daemon doubt itself (policy.md section 6)."""

WITHIN = 600.0
"""Seconds: ten minutes, as there."""


MOST = 200
"""Characters of what an exception says: some print all that they were given."""


class Deaths:
    """Counts the ends of one DPE; all times are the loop's, in seconds."""

    def __init__(self) -> None:
        self._bugs: deque[float] = deque(maxlen=TOO_MANY)
        self._ends = 0

    def of_a_bug(self, at: float, lived: float) -> None:
        """It died of a bug, after so many seconds of running."""
        self._bugs.append(at)
        self.otherwise(lived)

    def otherwise(self, lived: float) -> None:
        """It ended because of something else, which will pass."""
        self._ends = 1 if lived > WITHIN else self._ends + 1

    @property
    def too_many(self) -> bool:
        """Whether it is not to be started again."""
        return len(self._bugs) == TOO_MANY and self._bugs[-1] - self._bugs[0] <= WITHIN

    @property
    def wait(self) -> float:
        """Seconds until it is started again."""
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** max(0, min(self._ends, 30) - 1))  # 2 to the 30th is for ever, and still a number


def died_of(error: BaseException) -> str:
    """What a DPE died of, in a line; the log has all of it."""
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first[:MOST]}" if first else type(error).__name__

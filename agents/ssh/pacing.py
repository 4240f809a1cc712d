"""When the next attempt to reach a machine is due.

Rules: the first attempt after a connection that worked is at once; 1, 2, 4 … 15 s between those that follow (policy.md section 4); slower
where a person must act before anything changes.
"""

from __future__ import annotations

_FIRST = 1.0
_LONGEST = 15.0
_UNCLEAR = 15.0
"""Seconds after a refused login: sshd counts those, and a key is not changed by the second."""
_STEADY = 15.0
"""Seconds that a link must have lived for its end to be news; one that ends sooner is one more failed attempt in a row."""


class Pace:
    """The pause before the next attempt."""

    def __init__(self) -> None:
        self._next = 0.0

    def broke(self, lived: float) -> float:
        """Seconds to wait after a link has ended that lived so long."""
        if lived >= _STEADY:
            self._next = 0.0
        pause = self._next
        self._next = max(_FIRST, min(_LONGEST, self._next * 2))
        return pause

    def missed(self) -> float:
        """Seconds to wait after an attempt that failed."""
        self._next = max(_FIRST, min(_LONGEST, self._next))
        pause, self._next = self._next, min(_LONGEST, self._next * 2)
        return pause

    def unclear(self) -> float:
        """Seconds to wait after an attempt that said nothing."""
        return _UNCLEAR

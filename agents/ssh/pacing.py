"""When the next attempt to reach a machine is due.

Rules: the first attempt after a connection that worked is at once, or after 1 s if it did not work for long; 1, 2, 4 … 15 s between those
that follow (policy.md section 4); not faster than 2 s where a login was refused. Nobody reports anything during a pause after a break, so
that one stays short.
"""

from __future__ import annotations

_FIRST = 1.0
_LONGEST = 15.0
_FIRST_UNCLEAR = 2.0
"""Seconds after a refused login: while a machine boots, its user comes a little after its sshd; and sshd counts refusals."""
_STEADY = 15.0
"""Seconds that a link must have lived for the next attempt to be at once; links that end sooner must not make us spin."""


class Pace:
    """The pause before the next attempt."""

    def __init__(self) -> None:
        self._next = _FIRST
        self._next_unclear = _FIRST_UNCLEAR

    def broke(self, lived: float) -> float:
        """Seconds to wait after a link has ended that lived so long."""
        self._next = _FIRST
        self._next_unclear = _FIRST_UNCLEAR
        return 0.0 if lived >= _STEADY else _FIRST

    def missed(self) -> float:
        """Seconds to wait after an attempt that failed."""
        pause, self._next = self._next, min(_LONGEST, self._next * 2)
        return pause

    def answered(self) -> bool:
        """Its server speaks, so that the next attempt need not wait for long. Whether attempts had failed before."""
        failed, self._next = self._next > _FIRST, _FIRST
        return failed

    def unclear(self) -> float:
        """Seconds to wait after an attempt that said nothing."""
        pause, self._next_unclear = self._next_unclear, min(_LONGEST, self._next_unclear * 2)
        return pause

"""Who is asked before a reboot, relaunch or relocation: the controller's guards, as a simulation meets them (policy.md section 5).

The shape is that of ``pcloud.model.ports.Guards``, with time as an input: every call carries the moment, and words are returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pcloud.model.events import Event, OutsideDoubted, PermitGranted, PermitHeld
from pcloud.model.guards import GuardWord, PermitAnswer, PermitRequest


class Overseer(Protocol):
    """Answers for the guards. ``wake_at`` is when it wants to be looked at again, None if only when it is asked."""

    @property
    def wake_at(self) -> float | None: ...

    def ask(self, request: PermitRequest, at: float) -> Sequence[GuardWord]:
        """May this begin?"""

    def give_back(self, permit: str, at: float) -> Sequence[GuardWord]:
        """The permit is not needed any more."""

    def look(self, at: float) -> Sequence[GuardWord]:
        """Its time has come."""


class Granting:
    """Lets everything begin at once: one deployable alone, as long as its controller has no other cares."""

    wake_at: float | None = None

    def ask(self, request: PermitRequest, at: float) -> Sequence[GuardWord]:  # noqa: ARG002 - whenever it is
        return [PermitAnswer(request.permit, granted=True)]

    def give_back(self, permit: str, at: float) -> Sequence[GuardWord]:  # noqa: ARG002 - there is no end of them
        return []

    def look(self, at: float) -> Sequence[GuardWord]:  # noqa: ARG002 - nothing changes by time
        return []


def heard(word: GuardWord) -> tuple[type[Event], dict[str, Any]]:
    """A word of the guards as the fact that it is to the policy: its kind and fields."""
    if not isinstance(word, PermitAnswer):
        return OutsideDoubted, {"doubted": word.doubted, "numbers": word.numbers}
    return PermitGranted if word.granted else PermitHeld, {"permit": word.permit, "guards": word.guards}

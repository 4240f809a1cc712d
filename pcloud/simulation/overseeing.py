"""The controller's guards, as a simulated deployable meets them: their own policy, asked at the trace's moments (policy.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from cpe.policy.oversee import oversee
from cpe.policy.state import Oversight
from cpe.policy.words import Asked, Attended, Fact, GivenBack, Stood, Ticked, Told
from pcloud.model.events import Event, OutsideDoubted, PermitGranted, PermitHeld
from pcloud.model.guards import GuardWord, PermitAnswer, PermitRequest, Standing


class Overseer(Protocol):
    """Answers for the guards. The shape is that of ``pcloud.model.ports.Guards``, with time as an input and words returned."""

    @property
    def wake_at(self) -> float | None:
        """When it wants to be looked at again; None if only when it is spoken to."""

    def stand(self, standing: Standing, at: float) -> Sequence[GuardWord]:
        """The deployable stands like this now."""

    def ask(self, request: PermitRequest, at: float) -> Sequence[GuardWord]:
        """May this begin?"""

    def give_back(self, permit: str, at: float) -> Sequence[GuardWord]:
        """The permit is not needed any more."""

    def look(self, at: float) -> Sequence[GuardWord]:
        """Its time has come."""


class Guards:
    """The guards of a controller that has this one deployable."""

    def __init__(self, deployable: str, at: float) -> None:
        self._deployable = deployable
        self._state = Oversight()
        self._hear(Attended(at, deployable))

    @property
    def wake_at(self) -> float | None:
        return self._state.wake_at

    def stand(self, standing: Standing, at: float) -> Sequence[GuardWord]:
        return self._hear(Stood(at, standing))

    def ask(self, request: PermitRequest, at: float) -> Sequence[GuardWord]:
        return self._hear(Asked(at, request))

    def give_back(self, permit: str, at: float) -> Sequence[GuardWord]:
        return self._hear(GivenBack(at, self._deployable, permit))

    def look(self, at: float) -> Sequence[GuardWord]:
        return self._hear(Ticked(at))

    def _hear(self, fact: Fact) -> Sequence[GuardWord]:
        self._state, words, _ = oversee(self._state, fact)
        return [each.word for each in words if isinstance(each, Told)]


def heard(word: GuardWord) -> tuple[type[Event], dict[str, Any]]:
    """A word of the guards as the fact that it is to the policy: its kind and fields."""
    if not isinstance(word, PermitAnswer):
        return OutsideDoubted, {"doubted": word.doubted, "numbers": word.numbers}
    return PermitGranted if word.granted else PermitHeld, {"permit": word.permit, "guards": word.guards}

"""What ``oversee`` is told and what it says: facts in the past tense, words to DPEs, notices for the journal.

Rules: each fact carries ``at``, the controller's monotonic clock in seconds, which does not run backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pcloud.model.guards import GuardWord, PermitRequest, Relaunched, Standing
from pcloud.model.words import Guard


@dataclass(frozen=True, slots=True)
class Attended:
    """A DPE hears the words for its deployable from now on; what was asked for it before is forgotten.

    ``relaunched``: what counts in the minute of a controller that gathers its deployables; any other has counted it itself.
    """

    at: float
    deployable: str
    relaunched: tuple[Relaunched, ...] = ()


@dataclass(frozen=True, slots=True)
class Stood:
    """A deployable stands like this now."""

    at: float
    standing: Standing


@dataclass(frozen=True, slots=True)
class Left:
    """There is no such deployable any more."""

    at: float
    deployable: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A DPE asks whether a recovery may begin."""

    at: float
    request: PermitRequest


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A permit is not needed any more: one that is waited for, or one that was granted and not used."""

    at: float
    deployable: str
    permit: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has come to ``wake_at``."""

    at: float


@dataclass(frozen=True, slots=True)
class Gathering:
    """Deployables are taken up one after the other: until ``Gathered`` nobody knows how many there are, and nothing is judged."""

    at: float


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that were to be taken up have said how they stand."""

    at: float


Fact = Attended | Stood | Left | Asked | GivenBack | Ticked | Gathering | Gathered


@dataclass(frozen=True, slots=True)
class Told:
    """A word for the DPE of one deployable."""

    deployable: str
    word: GuardWord


class Notices(StrEnum):
    """What the controller itself has to say, as its events are called."""

    STORM = "storm"
    STORM_OVER = "storm_over"
    FROZEN = "frozen"
    RELEASED = "released"
    OUTSIDE_DOUBTED = "outside_doubted"
    OUTSIDE_TRUSTED = "outside_trusted"


@dataclass(frozen=True, slots=True)
class Notice:
    """A guard began to hold or was released, for a whole infrastructure, or one zone of it. ``numbers`` say why, in words.

    Outside checks concern no infrastructure and no guard. ``alert``: it has held for 5 min (policy.md section 5).
    """

    kind: Notices
    infrastructure: str = ""
    zone: str = ""
    guard: Guard | None = None
    numbers: str = ""
    alert: bool = False


Word = Told | Notice

"""What a DPE and the controller's guards say to each other (policy.md section 5): standings one way, verdicts the other.

Rules: a standing is the whole of what the guards know of a deployable, sent anew whenever it is another, so that a lost one or a restart
of the controller needs no mending. A permit is asked for and given under an id of the DPE's.
"""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.drafts import quick
from pcloud.model.words import Guard, Rung

PERMIT_HOLDS = 10.0
"""Seconds (policy.md section 8): permits "hold for 10 s and one action"."""
RATE_WITHIN = 60.0
"""Seconds in which so many machines of an infrastructure may be relaunched and no more (policy.md section 5, "a minute")."""


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """What one guard made of a recovery, with its numbers in words: ``3 of 8 unhealthy, at most 3``."""

    guard: Guard
    passed: bool
    numbers: str = ""


@dataclass(frozen=True, slots=True)
class AssemblyStanding:
    """How one assembly stands, as far as guards care.

    ``unhealthy`` from any cause, from the first missed probe on; ``silent`` and ``active`` are our own eyes and the cloud's last word;
    ``answers``: we have contact. ``outside`` counts in the share of those whose checks from the controller fail at once. ``rung`` and
    ``permit`` are those of a recovery whose action has begun and has not verified or failed yet; ``restarts`` are those of its resources.
    """

    assembly: str
    infrastructure: str
    zone: str = ""
    unhealthy: bool = False
    silent: bool = False
    active: bool = False
    answers: bool = False
    outside: bool = False
    outside_failing: bool = False
    rung: Rung | None = None
    permit: str = ""
    restarts: tuple[str, ...] = ()  # permits of restarts under way


@dataclass(frozen=True, slots=True)
class Standing:
    """How one deployable stands. ``outcome`` is the decision of its last recovery that ended above a restart, and whether it verified."""

    deployable: str
    assemblies: tuple[AssemblyStanding, ...] = ()
    outcome: tuple[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class Relaunched:
    """A machine of an infrastructure was relaunched so many seconds ago, under a controller that was before this one."""

    infrastructure: str
    ago: float


@quick
@dataclass(frozen=True, slots=True)
class PermitRequest:
    """A recovery that would begin now. ``condemned``: the cloud itself has declared the machine dead (section 4b): no storm stops it."""

    permit: str
    deployable: str
    assembly: str
    infrastructure: str
    rung: Rung
    zone: str = ""
    condemned: bool = False


@dataclass(frozen=True, slots=True)
class PermitAnswer:
    """What the guards say to a request. Not granted: held by the last of ``guards``, until another answer comes."""

    permit: str
    granted: bool
    guards: tuple[GuardVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class OutsideDoubt:
    """Whether the controller doubts its own way out, so that its own checks say nothing while they fail."""

    doubted: bool
    numbers: str = ""


GuardWord = PermitAnswer | OutsideDoubt

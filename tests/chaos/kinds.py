"""The kinds of faults: where each strikes, for how long, and what it excuses.

Rules: every fault ends by itself. A kind of no harm excuses no recovery at all: whatever is done because of it is a wrong action.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What one fault strikes."""

    CONTROLLER = "controller"
    ASSEMBLY = "assembly"
    INFRASTRUCTURE = "infrastructure"
    HALF = "half"  # of all machines
    EVERYTHING = "everything"


class Harm(StrEnum):
    """Which recoveries it excuses."""

    NONE = "none"  # the controller's own trouble, or nobody's
    BLIND = "blind"  # the controller alone does not see the machine: dead only where no peer could say otherwise
    REAL = "real"


@dataclass(frozen=True, slots=True)
class Kind:
    """``shortest`` and ``longest`` in seconds, 0 for what is over at once; ``often``: how many there are in one deck."""

    name: str
    scope: Scope
    shortest: float = 0.0
    longest: float = 0.0
    harm: Harm = Harm.NONE
    often: int = 1
    relaunches: bool = False  # nothing but a relaunch can heal it
    between: bool = False  # what machines ask of each other suffers too: a page may truly fail, and no machine


KINDS: tuple[Kind, ...] = (
    Kind("daemon-killed", Scope.CONTROLLER, often=3),
    Kind("daemon-stopped", Scope.CONTROLLER, 5, 90),
    Kind("failpoint-kill", Scope.CONTROLLER, 5, 20, often=2),
    Kind("failpoint-stop", Scope.CONTROLLER, 5, 20),
    Kind("failpoint-lose", Scope.CONTROLLER, 5, 20),
    Kind("service-killed", Scope.ASSEMBLY, harm=Harm.REAL, often=4),
    Kind("service-stopped", Scope.ASSEMBLY, 5, 30, Harm.REAL, 2),
    Kind("sshd-killed", Scope.ASSEMBLY, 5, 30, Harm.BLIND),
    Kind("sshd-stopped", Scope.ASSEMBLY, 5, 30, Harm.BLIND),
    Kind("machine-killed", Scope.ASSEMBLY, harm=Harm.REAL, often=2),
    Kind("machine-stopped", Scope.ASSEMBLY, 5, 40, Harm.REAL, 2),
    Kind("machine-destroyed", Scope.ASSEMBLY, harm=Harm.REAL, often=2, relaunches=True),
    Kind("storm-stopped", Scope.HALF, 10, 30, Harm.REAL),
    Kind("storm-killed", Scope.HALF, harm=Harm.REAL),
    Kind("api-slow", Scope.INFRASTRUCTURE, 10, 30),
    Kind("api-500", Scope.INFRASTRUCTURE, 5, 30),
    Kind("api-429", Scope.INFRASTRUCTURE, 5, 30),
    Kind("api-503", Scope.INFRASTRUCTURE, 5, 30),
    Kind("api-unreachable", Scope.INFRASTRUCTURE, 10, 40),
    Kind("api-lost", Scope.INFRASTRUCTURE, 10, 30),
    Kind("api-twice", Scope.INFRASTRUCTURE, 10, 30),
    Kind("api-stale", Scope.INFRASTRUCTURE, 10, 30),
    Kind("disk-full", Scope.CONTROLLER, 5, 30),
    Kind("disk-readonly", Scope.CONTROLLER, 5, 15),
    Kind("clock-forward", Scope.CONTROLLER, 10, 30),
    Kind("clock-back", Scope.CONTROLLER, 10, 30),
    Kind("reset", Scope.INFRASTRUCTURE, 1, 3),
    Kind("garbage", Scope.ASSEMBLY),
    Kind("cut-infrastructure", Scope.INFRASTRUCTURE, 10, 40),
    Kind("cut-to", Scope.ASSEMBLY, 10, 40, Harm.BLIND),
    Kind("cut-from", Scope.ASSEMBLY, 10, 40, Harm.BLIND),
    Kind("cut-machine", Scope.ASSEMBLY, 10, 40, Harm.REAL),
    Kind("loss", Scope.EVERYTHING, 10, 30, between=True),
    Kind("latency", Scope.INFRASTRUCTURE, 10, 30),
)

BY_NAME = {kind.name: kind for kind in KINDS}

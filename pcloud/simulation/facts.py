"""What a line of a trace says, each kind a class (interface.md, Simulate).

Rules: ``at`` is seconds since the trace began, durations are seconds; targets are known to be in the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pcloud.model.words import InstanceStatus, Rung


class Deed(StrEnum):
    """What can be told to go wrong when it is done."""

    RESTART = "restart"
    REBOOT = "reboot"
    RELAUNCH = "relaunch"
    STOP = "stop"


class Course(StrEnum):
    """How it goes then."""

    WORKS = "works"
    FAILS = "fails"
    HANGS = "hangs"


@dataclass(frozen=True, slots=True)
class Target:
    """An assembly, or one resource of it. Both are empty where everything is meant."""

    assembly: str = ""
    resource: str = ""

    def covers(self, assembly: str, resource: str = "") -> bool:
        """Whether what is said of this target is said of that one as well."""
        return self.assembly in ("", assembly) and self.resource in ("", resource)


@dataclass(frozen=True, slots=True)
class Extent:
    """How long something lasts: until an action at least as high as ``cure`` (None: none helps), and at most ``seconds``."""

    cure: Rung | None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The root of all. ``line`` is its number in the trace."""

    at: float
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailed(Fact):
    """A service fails, or all of an assembly do."""

    target: Target
    soft: bool
    extent: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePassed(Fact):
    """It is well again by itself; of an assembly: the machine answers again, and all its services are well."""

    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSilenced(Fact):
    """A machine answers nobody any more."""

    assembly: str
    extent: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSaid(Fact):
    """The cloud calls the machine this from now on, until something is done to it."""

    assembly: str
    status: InstanceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedOutside(Fact):
    """Somebody has stopped the machine at the cloud, and the cloud has recorded who."""

    assembly: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudTurned(Fact):
    """The cloud's API answers again, or no longer."""

    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorsTurned(Fact):
    """The anchors answer again, or no longer."""

    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerStood(Fact):
    """The controller looks at nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Fact):
    """The operator wants nothing to be done for so long."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedTurned(Fact):
    """What is done to the target goes like this, until told otherwise."""

    deed: Deed
    course: Course
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Fact):
    """The operator says yes to all that waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathTold(Fact):
    """The operator answers for it that the machine is dead."""

    assembly: str

"""The closed vocabularies: each word means the same in code, spec, API, commands and docs."""

from __future__ import annotations

from enum import StrEnum


class Rung(StrEnum):
    """A step of the recovery ladder, lowest first (policy.md section 3)."""

    RESTART = "restart"
    REBOOT = "reboot"
    RELAUNCH = "relaunch"
    RELAUNCH_DEPLOYABLE = "relaunch_deployable"
    RELOCATE = "relocate"

    @property
    def height(self) -> int:
        """Its place on the ladder; 0 is the lowest."""
        return LADDER.index(self)


LADDER = tuple(Rung)


class Mode(StrEnum):
    """What the policy may do by itself (policy.md section 5)."""

    ENFORCE = "enforce"
    OBSERVE = "observe"
    APPROVE = "approve"


class OnExhausted(StrEnum):
    """What happens when the last rung has failed (policy.md section 3.7)."""

    RETRY = "retry"
    STOP = "stop"


class Origin(StrEnum):
    """Where a check is made."""

    INSIDE = "inside"
    CONTROLLER = "controller"


class Verdict(StrEnum):
    """What one probe says. FAILED is hard evidence, MISSED is soft (policy.md section 1)."""

    PASSED = "passed"
    MISSED = "missed"
    FAILED = "failed"
    PENDING = "pending"
    UNKNOWN = "unknown"
    BROKEN = "broken"  # a hard error: trying again cannot help (OCF 2-6, a missing unit)


class Health(StrEnum):
    """What the policy makes of the probes of one resource."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    PENDING = "pending"
    FAILED = "failed"


class Effect(StrEnum):
    """What a difference between two plans of an assembly asks for, the least first."""

    NOTHING = "nothing"  # it is taken up where it runs
    RECONNECT = "reconnect"
    RESTART = "restart"  # of single services
    CONFIGURE = "configure"  # and then restart all services of the assembly
    RELAUNCH = "relaunch"
    REPLACE = "replace"  # stop it altogether, then start it anew as another machine

    @property
    def height(self) -> int:
        """Its place in this order; 0 is the least."""
        return EFFECTS.index(self)


EFFECTS = tuple(Effect)


class Desired(StrEnum):
    """What the operator wants of a deployable."""

    STOPPED = "stopped"
    RUNNING = "running"


class Stage(StrEnum):
    """Where an assembly's instance is on its way up or down."""

    ABSENT = "absent"
    WAITING = "waiting"  # for its dependencies
    FENCING = "fencing"
    LAUNCHING = "launching"
    REBOOTING = "rebooting"
    BOOTING = "booting"
    PROVISIONING = "provisioning"
    CONFIGURING = "configuring"
    STARTING = "starting"
    VERIFYING = "verifying"
    UP = "up"
    STOPPING = "stopping"
    DESTROYING = "destroying"


class Phase(StrEnum):
    """Where one recovery stands."""

    DELAYED = "delayed"
    APPROVAL = "approval"  # waits for somebody's yes
    ASKING = "asking"  # waits for the guards' permit
    ACTING = "acting"
    VERIFYING = "verifying"


class InstanceStatus(StrEnum):
    """What the cloud says of one instance; ABSENT is a 404 for this very id. Others are not of our making: ``held``."""

    ACTIVE = "ACTIVE"
    BUILD = "BUILD"
    SHUTOFF = "SHUTOFF"
    ERROR = "ERROR"
    REBOOT = "REBOOT"
    ABSENT = "ABSENT"
    PAUSED = "PAUSED"
    RESCUE = "RESCUE"
    RESIZE = "RESIZE"
    MIGRATING = "MIGRATING"
    UNKNOWN = "UNKNOWN"


AT_REST = frozenset({InstanceStatus.SHUTOFF, InstanceStatus.ABSENT, InstanceStatus.ERROR})
"""What does not run; what is in ERROR cannot be stopped, and is deleted."""


class Choice(StrEnum):
    """What one evaluation came to (interface.md, simulate)."""

    ACT = "act"
    HOLD = "hold"
    FREEZE = "freeze"
    SUPPRESS = "suppress"
    BLOCK = "block"
    EXHAUSTED = "exhausted"
    RECOVERED = "recovered"


class Guard(StrEnum):
    """What may stand before a recovery (policy.md section 5)."""

    PAUSE = "pause"
    MODE = "mode"
    STORM = "storm"
    SERIAL = "serial"  # groups under five: one verifies before the next
    ALL_SILENT = "all_silent"  # freeze
    UNVERIFIED = "unverified"  # freeze: the last recoveries of three deployables did not verify
    DEPLOYABLE_CAP = "deployable_cap"
    INFRASTRUCTURE_CAP = "infrastructure_cap"
    RELAUNCH_RATE = "relaunch_rate"
    RESTART_CAP = "restart_cap"


FREEZES = (Guard.ALL_SILENT, Guard.UNVERIFIED)


class Reach(StrEnum):
    """What came of trying to reach a port. Only ANSWERED shows a living service; REFUSED shows a living machine (policy.md section 4)."""

    ANSWERED = "answered"
    REFUSED = "refused"
    SILENT = "silent"
    UNABLE = "unable"  # the one who tried could not try: says nothing


class Belonging(StrEnum):
    """Whose something at a cloud is, as its tags and what we know of our deployables say."""

    OURS = "ours"
    STRAY = "stray"  # ours by its tags, and of nothing that there is
    HIGHER = "higher"  # of a higher generation than ours: somebody else has gone on with its deployable
    FOREIGN = "foreign"  # another controller's

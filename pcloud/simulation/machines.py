"""The machines of a simulated deployable, and what is wrong with them.

Rules:
- All that a trace does not say is well: every service runs and passes, every machine answers, every cloud says ACTIVE.
- A fault lasts until an action at least as high as its cure reaches its target, or what is above it, or until its time is over.
- Faults belong to the target, not to the instance: what outlasts a relaunch befalls the next generation as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pcloud.model.events import ProbeFailed, ProbeMissed, ProbePassed, ProbeReported
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, Check, ResourcePlan, TcpCheck
from pcloud.model.words import InstanceStatus, Origin, Reach, Rung

Finding = tuple[type[ProbeReported], str]
PASS: Finding = (ProbePassed, "")
OWN = ""  # the key of a resource agent's own monitor


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong since a moment: the lowest rung that ends it (None: none does), and when it ends by itself."""

    since: float
    cure: Rung | None
    until: float | None = None
    soft: bool = False

    def ends_with(self, rung: Rung) -> bool:
        """Whether an action of that rung ends it."""
        return self.cure is not None and self.cure.height <= rung.height


@dataclass(slots=True)
class Machine:
    """The machine of one assembly, of whatever generation it is now."""

    plan: AssemblyPlan
    instance: Instance | None = None
    boot: int = 0
    silence: Fault | None = None
    faults: dict[str, Fault] = field(default_factory=dict)  # by resource
    serving: dict[str, bool] = field(default_factory=dict)  # services that others see answer although the machine is silent to us
    status: InstanceStatus = InstanceStatus.ACTIVE  # what the cloud says

    @property
    def answers(self) -> bool:
        """Whether we can reach it."""
        return self.instance is not None and self.silence is None

    @property
    def boot_id(self) -> str:
        return f"{self.instance.id if self.instance else ''}/boot-{self.boot}"

    def launch(self, instance: Instance) -> None:
        """Become another generation."""
        self.instance = instance
        self._begin_anew(Rung.RELAUNCH)

    def reboot(self) -> None:
        """Come back with a new boot id."""
        self._begin_anew(Rung.REBOOT)

    def fence(self) -> None:
        """Be switched off, for ever."""
        self.status = InstanceStatus.SHUTOFF
        self.silence = self.silence or Fault(0.0, Rung.RELAUNCH)

    def _begin_anew(self, rung: Rung) -> None:
        self.boot += 1
        self.status = InstanceStatus.ACTIVE
        self.serving.clear()
        if self.silence is not None and self.silence.ends_with(rung):
            self.silence = None
        for name in list(self.faults):
            self.cure(name, rung)

    def restart(self, name: str) -> None:
        """Restart a service: that is done to the checks which have it restarted as well."""
        for each in self.plan.resources:
            if name in (each.name, each.restarts):
                self.cure(each.name, Rung.RESTART)

    def cure(self, name: str, rung: Rung) -> None:
        """Something of that rung is done to a service."""
        if name in self.faults and self.faults[name].ends_with(rung):
            del self.faults[name]

    def findings(self, plan: ResourcePlan) -> Iterator[tuple[str, Finding]]:
        """What its probes say now, by key; while the machine is silent only those from the controller say anything."""
        for key, check in probes(plan):
            if self.silence is None:
                yield key, self._finding(plan, key)
            elif check is not None and check.origin is Origin.CONTROLLER:
                yield key, PASS if plan.name in self.serving else (ProbeMissed, "timeout")

    def _finding(self, plan: ResourcePlan, key: str) -> Finding:
        fault = self.faults.get(plan.name)
        if fault is None or key not in telling(plan, soft=fault.soft):
            return PASS
        if fault.soft:
            return ProbeMissed, "timeout"
        return ProbeFailed, "not running" if key == OWN else "failed"

    def reached(self, port: int) -> Reach:
        """What a peer finds at one of its ports."""
        owner = next((each for each in self.plan.resources if port in tcp_ports(each)), None)
        if self.silence is not None:
            return Reach.ANSWERED if owner is not None and owner.name in self.serving else Reach.SILENT
        fault = self.faults.get(owner.name) if owner is not None else None
        if fault is None:
            return Reach.ANSWERED
        return Reach.SILENT if fault.soft else Reach.REFUSED


def probes(plan: ResourcePlan) -> list[tuple[str, Check | None]]:
    """All probes of a resource by key; None is its agent's own monitor."""
    own: list[tuple[str, Check | None]] = [(OWN, None)] if plan.agent is not None else []
    return [*own, *((check.key, check) for check in plan.checks)]


def telling(plan: ResourcePlan, *, soft: bool) -> tuple[str, ...]:
    """The probes that show a fault: soft ones its checks, hard ones its agent's monitor, where it has such."""
    checks = tuple(check.key for check in plan.checks)
    own = (OWN,) if plan.agent is not None else ()
    return (checks or own) if soft else (own or checks)


def interval(plan: ResourcePlan, key: str) -> float:
    """Seconds between two looks of one probe."""
    return next((check.interval for check in plan.checks if check.key == key), plan.interval)


def tcp_ports(plan: ResourcePlan) -> list[int]:
    return [check.what.port for check in plan.checks if isinstance(check.what, TcpCheck)]

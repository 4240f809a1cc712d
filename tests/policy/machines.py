"""Machines that can fall ill, and the cloud that they live in: what the policy's tests recover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pcloud.model import events
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, Check, ResourcePlan
from pcloud.model.words import InstanceStatus, Origin, Reach, Rung


@dataclass
class Illness:
    """What is wrong with a service: the evidence that its probes give, and the lowest rung that cures it (None: nothing does)."""

    evidence: type[events.ProbeReported]
    reason: str
    cure: Rung | None


@dataclass
class Session:
    """What the shell's agent of one instance knows."""

    boot_id: str = ""
    told: dict[tuple[str, str], tuple[type[events.ProbeReported], str]] = field(default_factory=dict)
    provisioned: bool = False


@dataclass
class Machine:
    """One instance as it really is."""

    instance: Instance
    plan: AssemblyPlan
    boot: int = 1
    status: InstanceStatus = InstanceStatus.ACTIVE
    stopped_by: str = ""  # by the cloud's record
    frozen: bool = False  # SIGSTOP: TCP handshakes complete, nothing answers
    unreachable: bool = False  # for the controller only: sshd died, or the network between
    locked: bool = False  # it refuses our key: whether it is well cannot be told
    running: set[str] = field(default_factory=set)
    ill: dict[str, Illness] = field(default_factory=dict)
    script: tuple[int, str] = (0, "")  # how its provisioning ends

    @property
    def alive(self) -> bool:
        return self.status is InstanceStatus.ACTIVE and not self.frozen

    @property
    def boot_id(self) -> str:
        return f"{self.instance.id}/boot-{self.boot}"

    def copy(self) -> Machine:
        """Another machine that is just like this one now."""
        return replace(self, running=set(self.running), ill=dict(self.ill))

    def reboot(self) -> None:
        """Come back with a new boot id, nothing started."""
        self.boot += 1
        self.status, self.frozen, self.unreachable = InstanceStatus.ACTIVE, False, False
        self.running.clear()
        self.cure(Rung.REBOOT)

    def start(self, name: str) -> None:
        """Start a service anew."""
        self.running.add(name)
        self.cure(Rung.RESTART, name)

    def cure(self, rung: Rung, name: str = "") -> None:
        for each in [name] if name else list(self.ill):
            illness = self.ill.get(each)
            if illness is not None and illness.cure is not None and illness.cure.height <= rung.height:
                del self.ill[each]

    def probe(self, plan: ResourcePlan, check: Check | None) -> tuple[type[events.ProbeReported], str]:
        """What one probe finds."""
        target = plan.name if plan.agent is not None else plan.restarts
        illness = self.ill.get(plan.name)
        if illness is not None:
            return illness.evidence, illness.reason
        if target and (target not in self.running or target in self.ill):
            return (events.ProbeFailed, "not running") if check is None else (events.ProbeMissed, "refused")
        return events.ProbePassed, ""

    def probes(self, *, inside: bool) -> dict[tuple[str, str], tuple[type[events.ProbeReported], str]]:
        """All results by resource and key: those of the controller's own checks, and where ``inside`` the others too."""
        found: dict[tuple[str, str], tuple[type[events.ProbeReported], str]] = {}
        for plan in self.plan.resources:
            if plan.agent is not None and inside:
                found[plan.name, ""] = self.probe(plan, None)
            for check in plan.checks:
                if check.origin is Origin.CONTROLLER:
                    found[plan.name, check.key] = self.probe(plan, check) if self.alive else (events.ProbeMissed, "timeout")
                elif inside:
                    found[plan.name, check.key] = self.probe(plan, check)
        return found

    def reached(self, port: int) -> Reach:
        """What a peer finds at one of its ports."""
        if not self.alive:
            return Reach.SILENT
        if port == self.instance.port:
            return Reach.REFUSED if self.unreachable else Reach.ANSWERED
        return Reach.ANSWERED if self.running and not self.ill else Reach.REFUSED

"""The world around the policy: what becomes of its actions, and what its questions are answered.

Rules:
- An action completes at its own instant, unless the trace says that it fails or hangs; one that hangs ends by its own time.
- The cloud does nothing while its API is down, and nothing to what it calls ABSENT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pcloud.model import actions, events
from pcloud.model.instance import Instance
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import InstanceStatus
from pcloud.simulation.facts import Course, Deed, DeedTurned
from pcloud.simulation.machines import Machine
from pcloud.spec.units import duration_text

NO_ANSWER = "the cloud's API does not answer"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of an action: a kind of event with these fields, at once or ``after`` so many seconds."""

    kind: type[events.Event]
    fields: Mapping[str, object] = field(default_factory=dict)
    after: float = 0.0


class World:
    """Machines by their assembly's name, the cloud that they live in, and how it goes when something is done to them."""

    def __init__(self, plan: DeployablePlan) -> None:
        self.plan = plan
        self.machines = {each.name: Machine(each) for each in plan.assemblies}
        self.cloud_answers = True
        self.anchors_answer = True
        self._rules: list[DeedTurned] = []

    def turn(self, rule: DeedTurned) -> None:
        """From now on it goes like this; the last rule about a target counts."""
        self._rules.append(rule)

    def course(self, deed: Deed, assembly: str, resource: str = "") -> Course:
        """How it goes when this is done to that."""
        fitting = (each.course for each in reversed(self._rules) if each.deed is deed and each.target.covers(assembly, resource))
        return next(fitting, Course.WORKS)

    def perform(self, action: actions.Action) -> Outcome:
        """Do it, or let it fail or hang."""
        machine = self.machines[action.assembly]
        match action:
            case actions.RestartResource():
                return self._restart(action, machine)
            case actions.StartResources() | actions.StopResources() | actions.ConfigureAssembly():
                return self._in_guest(action, machine)
            case actions.RebootAssembly():
                return self._reboot(action, machine)
            case actions.FenceInstance():
                return self._fence(action, machine)
            case actions.LaunchInstance():
                return self._launch(action, machine)
            case actions.DestroyInstance() | actions.DiscardInstance() | actions.StopTwin():
                return self._refused_by_cloud(action) or done(action)

    def _restart(self, action: actions.RestartResource, machine: Machine) -> Outcome:
        """Stop and start; each has the service's own time (policy.md section 1)."""
        if not machine.answers:
            return hanging(action, action.timeout)
        plan = machine.plan.resource(action.resource)
        patience = plan.action_limit if plan is not None else action.timeout
        for deed, kind, what in ((Deed.STOP, events.StopFailed, "its stop"), (Deed.RESTART, events.ActionFailed, "its start")):
            course = self.course(deed, action.assembly, action.resource)
            if course is Course.FAILS:
                return failed(action, f"{what} ended with 1", kind)
            if course is Course.HANGS:
                return hanging(action, patience, what, kind)
        machine.restart(action.resource)
        return done(action)

    def _in_guest(self, action: actions.StartResources | actions.StopResources | actions.ConfigureAssembly, machine: Machine) -> Outcome:
        if not machine.answers:
            return hanging(action, action.timeout)
        if isinstance(action, actions.StartResources):
            for name in action.resources:
                machine.restart(name)
        return done(action)

    def _reboot(self, action: actions.RebootAssembly, machine: Machine) -> Outcome:
        refusal = self._refused_by_cloud(action) or self._gone_wrong(Deed.REBOOT, action, "its reboot")
        if refusal is not None:
            return refusal
        if machine.status is InstanceStatus.ABSENT:
            return failed(action, "the cloud knows no such instance")
        machine.reboot()
        return done(action)

    def _fence(self, action: actions.FenceInstance, machine: Machine) -> Outcome:
        """A stop of the instance."""
        refusal = self._refused_by_cloud(action) or self._gone_wrong(Deed.STOP, action, "its stop")
        if refusal is not None:
            return refusal
        if machine.status is InstanceStatus.ABSENT:
            return Outcome(events.InstanceMissing, {"action": action.id})
        machine.fence()
        return Outcome(events.InstanceFenced, {"action": action.id})

    def _launch(self, action: actions.LaunchInstance, machine: Machine) -> Outcome:
        refusal = self._refused_by_cloud(action) or self._gone_wrong(Deed.RELAUNCH, action, "its launch")
        if refusal is not None:
            return refusal
        place = [each.name for each in self.plan.assemblies].index(action.assembly) + 1
        name = f"{action.assembly}-{action.generation}"
        # A new generation gets a new address: the harder case for what refers to it.
        address = f"10.0.{place}.{action.generation}"
        instance = Instance(name, action.generation, address, infrastructure=action.infrastructure)
        machine.launch(instance)
        return Outcome(events.InstanceLaunched, {"action": action.id, "instance": instance})

    def _refused_by_cloud(self, action: actions.Action) -> Outcome | None:
        static = self.machines[action.assembly].plan.static
        return None if self.cloud_answers or static else failed(action, NO_ANSWER)

    def _gone_wrong(self, deed: Deed, action: actions.Action, what: str) -> Outcome | None:
        """What an action on a whole machine comes to where the trace says so."""
        match self.course(deed, action.assembly):
            case Course.FAILS:
                return failed(action, f"{what} failed")
            case Course.HANGS:
                return hanging(action, action.timeout, what)
            case Course.WORKS:
                return None


def done(action: actions.Action) -> Outcome:
    return Outcome(events.ActionDone, {"action": action.id})


def failed(action: actions.Action, reason: str, kind: type[events.ActionFailed] = events.ActionFailed) -> Outcome:
    return Outcome(kind, {"action": action.id, "reason": reason})


def hanging(action: actions.Action, seconds: float, what: str = "it", kind: type[events.ActionFailed] = events.ActionFailed) -> Outcome:
    """It ends by its own time."""
    return Outcome(kind, {"action": action.id, "reason": f"{what} was not done after {duration_text(seconds)}"}, seconds)

"""Whether anything new can still come of how things stand, when nothing more befalls them (interface.md: "nothing is pending but repeats").

Repeats are: asking the other sights about what is held, an exhausted restart that comes round at ``max_delay``, a recovery that never
escalates and has filled its window, refreshing what peers reach, and misses of what is failed already.
"""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.plan import RecoverySettings, ResourcePlan
from pcloud.model.state import AssemblyState, DeployableState, Recovery
from pcloud.model.words import Health, Rung, Stage
from pcloud.simulation.facts import Course, Deed
from pcloud.simulation.machines import Machine
from pcloud.simulation.world import World

SIGHTS = 3.0  # times ``silence``: the longest that the policy waits for a second sight (policy.md section 4c) …
READINGS = 20.0  # seconds: … and two readings of the cloud, 10 s apart, after it


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known when it is asked whether anything may come: the world, this moment, and when anything last befell it."""

    world: World
    now: float
    news: float

    def pending(self, state: DeployableState) -> bool:
        """Whether anything may come."""
        if state.pauses or (state.recovery is not None and self.coming(state.recovery)):
            return True
        return any(self._assembly_pending(name, each) for name, each in state.assemblies.items())

    def _assembly_pending(self, name: str, state: AssemblyState) -> bool:
        machine = self.world.machines[name]
        faults = [machine.silence, *machine.faults.values()]
        if any(fault is not None and fault.until is not None and fault.until > self.now for fault in faults):
            return True
        if state.grace is not None and state.grace > self.now:
            return True
        if state.silence is not None:
            since = max(state.silence.since, self.news)
            if self.now <= since + SIGHTS * machine.plan.monitor.silence + READINGS:
                return True
        elif state.until is not None and state.until > self.now:
            return True
        if state.recovery is not None and self._leads_on(state.recovery, machine.plan.recovery):
            return True
        return any(self._resource_pending(state, machine, plan) for plan in machine.plan.resources)

    def _resource_pending(self, owner: AssemblyState, machine: Machine, plan: ResourcePlan) -> bool:
        state = owner.resources[plan.name]
        if state.blocked:
            return False
        if state.exhausted:
            return state.recovery is not None and self._will_help(machine, plan)
        if state.recovery is not None:
            return self._leads_on(state.recovery, plan.recovery)
        fault = machine.faults.get(plan.name)
        counting = fault is not None and fault.soft and state.health is not Health.FAILED
        return counting and owner.stage is Stage.UP and owner.contact

    def _will_help(self, machine: Machine, plan: ResourcePlan) -> bool:
        """Whether the next restart of what is exhausted ends its fault."""
        fault, target = machine.faults.get(plan.name), plan.restarts or plan.name
        works = all(self.world.course(deed, machine.plan.name, target) is Course.WORKS for deed in (Deed.STOP, Deed.RESTART))
        return works and fault is not None and fault.ends_with(Rung.RESTART)

    def _leads_on(self, recovery: Recovery, settings: RecoverySettings) -> bool:
        """Whether a recovery comes to something that was not there before.

        One that never escalates does not, once its window holds nothing but what comes round.
        """
        never_escalates = not recovery.of and recovery.rung is not Rung.RELOCATE
        if never_escalates and self.now > self.news + settings.rung(recovery.rung).within:
            return False
        return self.coming(recovery)

    def coming(self, recovery: Recovery) -> bool:
        """Whether a recovery has a moment before it. One whose moment is over waits for a fact, and none will come."""
        return recovery.until is not None and recovery.until > self.now


def only_asking(state: DeployableState) -> bool:
    """Whether the policy does nothing but ask the other sights about what it holds, so that a longer while may pass at once.

    Not where a passing sight holds it: that must be seen again and again.
    """
    silent = [each for each in state.assemblies.values() if each.silence is not None]
    resting = all(
        each.recovery is None and all(one.recovery is None for one in each.resources.values()) for each in state.assemblies.values()
    )
    return bool(silent) and resting and all(each.held and each.silence is not None and not each.silence.passed_by for each in silent)

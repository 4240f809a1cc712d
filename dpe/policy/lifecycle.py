"""Starting and stopping on the operator's word: up in dependency order, down in reverse.

Rules:
- An assembly is launched when all that it comes after are up and healthy, and taken down when nothing that comes after it is left.
- Down: services in reverse order, then the instance; volumes stay. What cannot be stopped orderly is destroyed all the same.
- A call to the cloud that is under way is waited for before anything else is done to the assembly: never two at a time.
"""

from __future__ import annotations

from dpe.policy import adopting, bringup, dependencies, forgiving, observing, settings, stages
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision, DestroyInstance, FenceInstance, LaunchInstance, RebootAssembly, StopResources
from pcloud.model.instance import Instance
from pcloud.model.state import Recovery
from pcloud.model.words import Choice, Desired, Phase, Rung, Stage

DESTROY = 180.0  # a cloud's deletion, with an orderly shutdown before it
TRY_AGAIN = 30.0  # after a deletion that failed: long enough for a cloud's hiccup
GUEST_STAGES = {Stage.CONFIGURING, Stage.STARTING, Stage.VERIFYING, Stage.UP}
CLOUD_ACTIONS = (LaunchInstance, FenceInstance, RebootAssembly)


def ask(turn: Turn, desired: Desired) -> None:
    """The operator wants it so."""
    turn.desire(desired)
    turn.report("asked", "start" if desired is Desired.RUNNING else "stop")
    for name in turn.assemblies:
        observing.take_up(turn, name)
    if desired is Desired.RUNNING:
        for name, state in turn.assemblies.items():
            forgiving.forgive(turn, name, state)


def come_up(turn: Turn, name: str) -> None:
    """Take the first steps of an assembly that should run."""
    state = turn[name]
    if adopting.untouched(state):
        adopting.take_care(turn, name)
        return
    if state.stage is Stage.ABSENT and not state.blocked and not state.exhausted:
        decision = turn.decide(
            Decision(turn.next_id(), Choice.ACT, "start", action=Rung.RELAUNCH), "the operator asked for it to run", assembly=name
        )
        turn.update(name, recovery=Recovery(Rung.RELAUNCH, Phase.ACTING, None, decision))
        stages.enter(turn, name, Stage.WAITING, reason=waiting_for(turn, name))
        state = turn[name]
    if state.stage is Stage.WAITING and dependencies.ready(turn, name):
        begin(turn, name)
    elif state.stage is Stage.WAITING:
        turn.update(name, reason=waiting_for(turn, name))


def waiting_for(turn: Turn, name: str) -> str:
    """What it waits for, in words."""
    missing = [other for other in turn.plan_of(name).after if not dependencies.settled(turn[other])]
    return f"for {', '.join(missing)}" if missing else ""


def begin(turn: Turn, name: str) -> None:
    """Launch it, or take up the machine that is there already."""
    plan, known = turn.plan_of(name), turn[name].instance
    if known is not None and turn[name].adopted and not turn[name].boot_id:  # it was left when it was stopped
        bringup.launched(turn, name, known)
        return
    if known is not None:  # a part of the whole that may not be relaunched
        bringup.reboot(turn, name, hard=True)
        return
    if not plan.static:
        bringup.launch(turn, name)
        return
    generation = max(turn[name].generation, 1)
    turn.update(name, generation=generation, provisioned=True)
    monitor = plan.monitor
    instance = Instance(f"static:{plan.address}", generation, plan.address, monitor.port, monitor.user, monitor.host_key)
    bringup.launched(turn, name, instance)


def take_down(turn: Turn, name: str) -> None:
    """Take the next step down, if it is this assembly's turn."""
    state = turn[name]
    if state.stage is Stage.ABSENT and (state.blocked or state.exhausted):
        destroy(turn, name)
    if state.stage in {Stage.ABSENT, Stage.STOPPING}:
        return
    if state.stage is Stage.DESTROYING:
        if state.action is None and state.until is not None and turn.at >= state.until:
            destroy(turn, name)
        return
    if isinstance(state.action, CLOUD_ACTIONS):
        return
    if any(turn[other].stage is not Stage.ABSENT for other in turn.plan.dependents(name)):
        return
    go_down(turn, name)


def go_down(turn: Turn, name: str) -> None:
    """Stop its services and destroy it; whatever was on its way for it is over."""
    state = turn[name]
    for resource in state.resources:
        turn.update_resource(name, resource, recovery=None, action=None)
    turn.update(name, recovery=None, action=None, silence=None, held="", blocked="", exhausted=False)
    running = state.contact and state.stage in GUEST_STAGES
    if running and state.instance is not None and any(each.agent is not None for each in turn.plan_of(name).resources):
        stop_services(turn, name, state.instance)
    else:
        destroy(turn, name)


def stop_services(turn: Turn, name: str, instance: Instance) -> None:
    """Stop what runs in it, last started first."""
    plans = tuple(reversed([each for each in turn.plan_of(name).resources if each.agent is not None]))
    stages.enter(turn, name, Stage.STOPPING)
    patience = sum(each.action_limit for each in plans)
    stages.act(turn, name, StopResources(turn.next_id(), name, instance.generation, tuple(each.name for each in plans), patience))


def destroy(turn: Turn, name: str) -> None:
    """Delete the instance, and what an unanswered launch may have left; a machine that was there before us is let go."""
    state, plan = turn[name], turn.plan_of(name)
    instance = state.instance
    if state.adopted:
        adopting.let_go(turn, name)
        return
    if plan.static or (instance is None and state.stage in {Stage.ABSENT, Stage.WAITING}):
        settings.clear_assembly(turn, name)
        return
    what = instance.id if instance is not None else "what was launched"
    home = instance.infrastructure if instance is not None else plan.infrastructure
    stages.enter(turn, name, Stage.DESTROYING, reason=state.reason if state.stage is Stage.DESTROYING else what)
    stages.act(turn, name, DestroyInstance(turn.next_id(), name, state.generation, instance, home, DESTROY))


def destroy_failed(turn: Turn, name: str, reason: str) -> None:
    """The deletion failed: try again later, for as long as it takes; said once for each reason."""
    if turn[name].reason != reason:
        turn.report("failed", f"destroy failed: {reason}; again every 30s", assembly=name, alert=True)
    turn.update(name, action=None, until=turn.at + TRY_AGAIN, reason=reason)

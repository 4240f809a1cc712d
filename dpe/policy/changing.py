"""A reload at work: assemblies that live by an older plan than the spec's, one after the other, made what the spec says.

Rules:
- It is the operator's word, given to a plan that he has seen: no failure, counted in no window, asked of no mode. Pauses and guards hold it
  as they hold a recovery; a machine that is not up yet serves nobody and waits for none of them.
- One assembly at a time, in dependency order: the next begins when the ones before are well, so that a bad image takes one machine.
- What is under way at the cloud or in the machine is waited for; a recovery that has not begun is withdrawn, since this does as much.
- An assembly that has left the spec goes last: when everything that stays lives by the spec and is well.
"""

from __future__ import annotations

from dpe.policy import bringup, dependencies, differing, gates, ladder, lifecycle, pauses, records, stages
from dpe.policy.places import Place
from dpe.policy.settings import FORGIVEN
from dpe.policy.taking_up import take_up
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision, StartResources
from pcloud.model.plan import AssemblyPlan
from pcloud.model.state import AssemblyState, Recovery
from pcloud.model.words import Choice, Desired, Effect, Phase, Rung, Stage

RULE = "reload"
RUNGS = {Effect.RESTART: Rung.RESTART, Effect.CONFIGURE: Rung.RESTART, Effect.RELAUNCH: Rung.RELAUNCH, Effect.REPLACE: Rung.RELAUNCH}
DOING = {
    Effect.RESTART: "changing its services",
    Effect.CONFIGURE: "configuring it again",
    Effect.RELAUNCH: "relaunching",
    Effect.REPLACE: "stopping it, to start it as another machine",
}
TRY_AGAIN = 300.0  # seconds after a change that failed before it began (a cloud that did not answer): each failure is an alert
WAITS, LEAVES = "to be changed: waits for ", "it has left the spec:"
PAUSE = "the pause to end"
DOWN = frozenset({Stage.ABSENT, Stage.STOPPING, Stage.DESTROYING})
BEING_MADE = frozenset({Stage.FENCING, Stage.LAUNCHING, *DOWN})
"""Whatever comes of them is made by the newest plan."""


def on_changed(turn: Turn) -> None:
    """There is another spec: what has not begun for the one before is decided anew."""
    names = [each.name for each in turn.root.outgoing]
    turn.report("reloaded", f"another spec: {', '.join(names)} to be changed" if names else "another spec: nothing is disturbed")
    for name, state in turn.assemblies.items():
        if state.recovery is not None and state.recovery.reload and gates.waits(state.recovery):
            turn.update(name, recovery=None, reason="")
        elif state.reason.startswith((WAITS, LEAVES)):
            turn.update(name, reason="")
        turn.update(name, change_at=None)
        if name in names and state.stage not in BEING_MADE:  # somebody has seen to it
            turn.update(name, **FORGIVEN)


def advance(turn: Turn, name: str) -> bool:
    """Take the next step of an assembly if it lives by an older plan; True if that is all that is to be done about it."""
    if not turn.lives_by_older(name):
        return False
    target, state = turn.target_of(name), turn[name]
    if turn.root.observing or state.still:
        stand_still(turn, name, state)
    elif target is None:
        return leave(turn, name)
    elif state.instance is None and state.stage in {Stage.ABSENT, Stage.WAITING}:
        begin_anew(turn, name)
    elif turn.desired is Desired.RUNNING and state.stage not in BEING_MADE and not (state.recovery is not None and state.recovery.reload):
        change(turn, name, target)
    return False


def stand_still(turn: Turn, name: str, state: AssemblyState) -> None:
    """A controller that only observes changes nothing: it is decided when somebody has taken over."""
    if state.recovery is not None and state.recovery.reload and gates.waits(state.recovery):
        turn.update(name, recovery=None, reason="")


def begin_anew(turn: Turn, name: str) -> None:
    """There is no machine of it: it is launched by the new plan, whatever stood in the way by the old one."""
    take_up(turn, name)
    turn.update(name, **FORGIVEN)


def change(turn: Turn, name: str, target: AssemblyPlan) -> None:
    """Decide what the difference asks for, when its turn has come."""
    effect, state = differing.effect(turn.plan_of(name), target, adopted=turn[name].adopted), turn[name]
    if state.action is not None or state.blocked or state.exhausted or state.denied or not ladder.clear_to_begin(state):
        return  # what was given up is changed when somebody says retry, or reloads again
    if state.change_at is not None and turn.at < state.change_at:
        return
    if effect in {Effect.NOTHING, Effect.RECONNECT}:
        take_up(turn, name)
        return
    waits = waits_for(turn, name, target)
    if waits:
        explain(turn, name, f"{WAITS}{waits}")
        return
    if not ready_for(state, effect):
        return
    decide(turn, name, effect)


def decide(turn: Turn, name: str, effect: Effect) -> None:
    """Nothing is in the way: have it done, as soon as the guards let it."""
    state, target = turn[name], turn.target_of(name)
    found = differing.differences(turn.plan_of(name), target, adopted=state.adopted) if target is not None else ()
    records.withdrawn(turn, Place(name), state.recovery, "the spec has changed, and what that asks for does as much")
    paths = tuple(each.setting for each in found if each.effect is not Effect.NOTHING)
    why = f"the spec has changed ({', '.join(paths)})"
    made = Decision(turn.next_id(), Choice.ACT, RULE, RUNGS[effect], evidence=paths, next="a failure of it counts like any other")
    decision = turn.decide(made, f"{why}: {DOING[effect]}", assembly=name)
    at_once = state.stage is not Stage.UP
    recovery = Recovery(RUNGS[effect], Phase.DELAYED, turn.at, decision, reason=why, persists=True, reload=True, manual=at_once)
    turn.update(name, recovery=recovery, reason=why, change_at=turn.at + TRY_AGAIN)
    if at_once:
        begin(turn, name, recovery)


def explain(turn: Turn, name: str, reason: str) -> None:
    """Say what a healthy assembly waits for; one that is not has something else to say."""
    state = turn[name]
    if state.stage is Stage.UP and state.recovery is None and not dependencies.given_up(state):
        turn.update(name, reason=reason)


def waits_for(turn: Turn, name: str, target: AssemblyPlan) -> str:
    """What must come first, mostly another assembly; empty if it is this one's turn."""
    if not pauses.counts(turn, name):
        return PAUSE
    if turn.root.recovery is not None:
        return turn.state.name
    for other, state in turn.assemblies.items():
        if other == name:
            continue
        if state.recovery is not None and state.recovery.reload:
            return other
        if other in target.after:
            if turn.lives_by_older(other) or state.stage is Stage.WAITING or not well_or_old(state):
                return other
        elif in_flight(state) if turn.lives_by_older(other) else not well_or_old(state):
            return other
    return ""


def well_or_old(state: AssemblyState) -> bool:
    """Whether it is well, or ill since before: what was up once and was given up does not keep others from being changed."""
    return dependencies.settled(state) or state.stage is Stage.WAITING or (dependencies.given_up(state) and state.proven)


def in_flight(state: AssemblyState) -> bool:
    """Whether anything is being done to it: it is waited for, so that not two are down at once."""
    acting = state.recovery is not None and not gates.waits(state.recovery) and not state.recovery.observed
    return acting or state.action is not None or any(each.action is not None for each in state.resources.values())


def ready_for(state: AssemblyState, effect: Effect) -> bool:
    """Whether the machine is in a state in which it can be done."""
    if effect in {Effect.RELAUNCH, Effect.REPLACE}:
        return True
    return state.stage in {Stage.VERIFYING, Stage.UP} and state.contact and state.silence is None


def begin(turn: Turn, name: str, recovery: Recovery) -> None:
    """Nothing holds it any more: do it. Where the spec has changed again meanwhile, it is decided anew."""
    target = turn.target_of(name)
    effect = differing.effect(turn.plan_of(name), target, adopted=turn[name].adopted) if target is not None else Effect.NOTHING
    if RUNGS.get(effect) is not recovery.rung or not turn.lives_by_older(name):
        turn.update(name, recovery=None, reason="")
    elif effect is Effect.REPLACE:
        lifecycle.go_down(turn, name)
    elif effect is Effect.RESTART and not stale_parameters(turn, name):
        change_services(turn, name, recovery)
    else:
        if recovery.rung is Rung.RESTART:
            take_up(turn, name)
        bringup.begin(turn, name, recovery)


def change_services(turn: Turn, name: str, recovery: Recovery) -> None:
    """Stop the services that are another one now, or none, and start what has come in their places. The others go on."""
    target, state = turn.target_of(name), turn[name]
    if target is None or state.instance is None:
        raise ValueError(f"{name} has nothing to change")
    names = differing.started(turn.plan_of(name), target)
    ladder.drop_restarts(turn, name)
    take_up(turn, name)
    turn.update(name, recovery=ladder.acting(recovery), exhausted=False, blocked="", held="", denied="", decision="", still=False)
    patience = bringup.time_to_start(turn, name, names)
    stages.enter(turn, name, Stage.STARTING, reason=recovery.reason)
    former = turn[name].former
    stages.act(turn, name, StartResources(turn.next_id(), name, state.instance.generation, names, patience, former=former))


def leave(turn: Turn, name: str) -> bool:
    """Stop what has left the spec, when nothing that stays may need it any more."""
    if turn.desired is not Desired.RUNNING:
        return False
    before = turn[name]
    never_up = before.instance is None and before.stage is Stage.WAITING
    waits = PAUSE if not pauses.counts(turn, name) else "everything else to be well" if others_change(turn, name) else ""
    if before.stage not in DOWN and not never_up and waits:
        explain(turn, name, f"{LEAVES} waits for {waits}")
        return False
    lifecycle.take_down(turn, name)
    if before.stage not in DOWN and turn[name].stage is not before.stage:
        said = "it is not in the spec any more, and nothing that is needs it: stopping it"
        turn.decide(Decision(turn.next_id(), Choice.ACT, RULE, next="it is destroyed; its volumes stay"), said, assembly=name)
    return turn[name].stage in DOWN


def others_change(turn: Turn, name: str) -> bool:
    """Whether anything that stays still lives by an older plan, or is not well."""
    staying = [other for other in turn.assemblies if other != name and not turn.leaves(other)]
    return any(turn.lives_by_older(other) or not dependencies.settled(turn[other]) or stale_parameters(turn, other) for other in staying)


def stale_parameters(turn: Turn, name: str) -> bool:
    """Whether it was configured with other values than its parameters have now."""
    return turn[name].configured is not None and dependencies.parameters(turn, name) != turn[name].configured

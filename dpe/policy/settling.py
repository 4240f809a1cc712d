"""What follows by itself from how things stand now, looked at again and again until nothing changes.

Rules: assemblies in the plan's order; each rule reads the state and the clock, never the event; so a restart of the controller, a lost
event or a late one lead to the same place.
"""

from __future__ import annotations

from dpe.policy import (
    bringup,
    changing,
    dependencies,
    gates,
    ladder,
    lifecycle,
    observing,
    pauses,
    places,
    probes,
    records,
    restarts,
    retiring,
    silence,
    twins,
    verifying,
    whole,
    witnesses,
)
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision
from pcloud.model.state import AssemblyState, Recovery
from pcloud.model.words import Desired, Health, Mode, Phase, Rung, Stage

DOUBTFUL = frozenset({Health.PENDING, Health.UNKNOWN})
ROUNDS = 50  # each round does at least one thing to one of a handful of assemblies; more is a loop, and a bug
UNCLEAR_ALERT = 300.0  # policy.md section 1: unknown raises an alert when it lasts 5 min


def settle(turn: Turn) -> None:
    """Apply every rule to every assembly until nothing changes any more."""
    if turn.root.pauses:
        pauses.watch(turn)
    at_rest: dict[str, int] = {}  # the version at which each assembly was last seen to come to nothing
    for _ in range(ROUNDS):
        before = turn.version
        if turn.root.recovery is not None and not any(state.still for state in turn.assemblies.values()):
            whole.advance(turn)
        for name in turn.assemblies:
            if at_rest.get(name) != turn.version:
                at_rest[name] = turn.version
                settle_assembly(turn, name)
        if turn.version == before:
            return
    raise RuntimeError(f"the rules do not come to rest at {turn.at} for {turn.state.name}")


def settle_assembly(turn: Turn, name: str) -> None:
    """Apply the rules to one assembly."""
    if turn[name].unclear:
        watch_clarity(turn, name)
    leaves = changing.advance(turn, name) if turn.root.outgoing else False
    if turn.desired is Desired.STOPPED:
        lifecycle.take_down(turn, name)
    elif not leaves:
        keep_running(turn, name)
    settle_others(turn, name)


def keep_running(turn: Turn, name: str) -> None:
    """Apply the rules to one assembly that shall run."""
    state = turn[name]
    if state.silence is not None:
        witnesses.ask(turn, name)
        silence.judge(turn, name)
        state = turn[name]
    if state.recovery is not None:
        begin_due(turn, name)
        state = turn[name]
    if state.until is not None and is_over(turn, state):
        run_out(turn, name)
        state = turn[name]
    match state.stage:
        case Stage.ABSENT | Stage.WAITING if not state.still:
            lifecycle.come_up(turn, name)
        case Stage.LAUNCHING:
            retiring.launch_again(turn, name)
        case Stage.CONFIGURING:
            bringup.advance_configuring(turn, name)
        case Stage.VERIFYING:
            verifying.advance_verifying(turn, name)
        case Stage.UP:
            keep_up(turn, name)
        case _:
            pass
    settle_resources(turn, name)


def settle_others(turn: Turn, name: str) -> None:
    """Apply the rules to its instances beside the current one."""
    state = turn[name]
    if state.retired and not observing.keeps(turn, name):
        retiring.discard(turn, name)
    if state.twins:
        twins.stop(turn, name)
    if state.still:
        observing.settle(turn, name)


def settle_resources(turn: Turn, name: str) -> None:
    """Apply the rules to its resources: those about which there is anything to say."""
    state = turn[name]
    for resource, each in state.resources.items():
        if each.health in DOUBTFUL:
            probes.watch_clock(turn, name, resource)
        if (each.recovery is not None or turn.resource(name, resource).health is Health.FAILED) and may_restart(turn, turn[name]):
            restarts.attend(turn, name, resource)


def may_restart(turn: Turn, state: AssemblyState) -> bool:
    """Whether its resources are seen to singly: it is up and in sight, and nothing is done to it or the deployable as a whole."""
    return state.stage is Stage.UP and state.contact and state.recovery is None and not state.blocked and turn.root.recovery is None


def is_over(turn: Turn, state: AssemblyState) -> bool:
    """Whether the time of a stage has run out. While the machine is silent that is what is judged, and nothing else."""
    if state.until is None or turn.at < state.until:
        return False
    return state.action is None and state.silence is None and not gates.waits(state.recovery)


def run_out(turn: Turn, name: str) -> None:
    """A stage's time is over."""
    if turn[name].stage is Stage.DESTROYING:
        lifecycle.destroy(turn, name)
    else:
        bringup.ran_out(turn, name)


def begin_due(turn: Turn, name: str) -> None:
    """Begin a recovery of the assembly whose delay is over; one whose cause went away while it waited ends here."""
    recovery, state = turn[name].recovery, turn[name]
    if recovery is None or not (gates.waits(recovery) or recovery.observed):
        return
    due = recovery.until is not None and turn.at >= recovery.until
    if state.stage is Stage.UP and well(state) and not recovery.persists:
        turn.update(name, recovery=None, reason="")
        records.recovered(turn, Place(name), recovery.decision, "recovered by itself", rule="section 3", rung=recovery.rung)
    elif recovery.observed:
        if due:
            ladder.fail(turn, name, recovery.rung, f"{recovery.reason}; not healthy after the {recovery.rung} that was observed only")
    elif recovery.phase is not Phase.DELAYED:
        gates.watch(turn, Place(name), recovery)
    elif due and may_begin(turn, name) and gates.opened(turn, Place(name)):
        bringup.begin(turn, name, recovery)  # by hand; others wait for their permit


def may_begin(turn: Turn, name: str) -> bool:
    """Whether the evidence still stands and nothing is in the way; under an unclear contact whether it fails cannot be told."""
    state = turn[name]
    if turn.root.recovery is not None or not pauses.counts(turn, name):
        return False
    return not (state.stage is Stage.UP and state.unclear) and ladder.clear_to_begin(state)


def well(state: AssemblyState) -> bool:
    """Whether it answers and all its resources are healthy."""
    return state.contact and state.silence is None and dependencies.all_healthy(state)


def keep_up(turn: Turn, name: str) -> None:
    """What an assembly that is up needs now and then."""
    state = turn[name]
    dependencies.release(turn, name)
    witnesses.refresh_baseline(turn, name)
    if state.exhausted and well(state):
        records.recovered(turn, Place(name), state.decision, "recovered by itself", rule="section 3.7")
        turn.update(name, exhausted=False, reason="", decision="")
    if turn.plan_of(name).parameters and may_restart(turn, turn[name]) and ladder.clear_to_begin(state) and pauses.counts(turn, name):
        follow_parameters(turn, name)


def follow_parameters(turn: Turn, name: str) -> None:
    """Configure again when a parameter has a new value and what it refers to is well (policy.md section 2)."""
    state = turn[name]
    if state.configured is None or state.denied or dependencies.trouble(turn, name):
        return
    values = dependencies.parameters(turn, name)
    if values is None or values == state.configured:
        return
    if turn.root.observing:  # taken as done it would never be done: it waits for the takeover
        return
    changed = ", ".join(key for key, value in values if (key, value) not in state.configured)
    mode = places.mode_of(turn, Place(name))
    choice, doing, alert = gates.intended(turn, Place(name), "configuring again")
    decision = turn.decide(
        Decision(turn.next_id(), choice, "section 2", Rung.RESTART, evidence=(f"{changed} changed",), next=str(Rung.REBOOT)),
        f"{changed} changed: {doing}",
        assembly=name,
        alert=alert,
    )
    if mode is Mode.OBSERVE:
        turn.update(name, configured=values)  # taken as done
        return
    recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at, decision, reason=f"{changed} changed", persists=True)
    turn.update(name, recovery=recovery)
    if mode is Mode.ENFORCE:
        bringup.begin(turn, name, recovery)


def watch_clarity(turn: Turn, name: str) -> None:
    """Alert when contact has said nothing for long."""
    state = turn[name]
    if state.unclear and state.unclear_since is not None and turn.at >= state.unclear_since + UNCLEAR_ALERT:
        turn.update(name, unclear_since=None)
        turn.report("unknown", f"unknown for 5m: {state.unclear}", assembly=name, alert=True)


def wake_at(turn: Turn) -> float | None:
    """The next moment at which time alone changes something. What is due already and was not done waits for a fact, not for time."""
    if turn.root.stale:
        return None
    moments = [gates.alarm(turn.root.recovery), pauses.alarm(turn) if turn.root.pauses else None]
    for name, state in turn.assemblies.items():
        moments += (state.until, state.twin_at, state.grace, state.discard_at, silence.alarm(turn, name), gates.alarm(state.recovery))
        if turn.root.outgoing:
            moments.append(state.change_at)
        if state.retired:
            moments += retiring.alarms(state)
        if state.unclear and state.unclear_since is not None:
            moments.append(state.unclear_since + UNCLEAR_ALERT)
        for resource in state.resources.values():
            if resource.health in DOUBTFUL:
                moments.append(probes.alarm(resource))
            if resource.recovery is not None:
                moments.append(gates.alarm(resource.recovery))
    at = turn.at
    return min([moment for moment in moments if moment is not None and moment > at], default=None)

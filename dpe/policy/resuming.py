"""Going on from the store after the controller was away (policy.md sections 5 and 8).

Rules:
- Every open action is ordered again under its own id: actions are idempotent, and their answers may have been lost.
- Every deadline starts again: time in which nobody looked proves nothing. A delay that ran meanwhile has run.
- What was known of contact and probes is known no more; windows and recoveries stay. A silence begins anew, without its witnesses.
"""

from __future__ import annotations

from dpe.policy import evidence, gates, observing, places, windows
from dpe.policy.altering import replace
from dpe.policy.turn import Turn
from dpe.policy.wording import duration
from pcloud.model.events import ControllerResumed, ControllerStalled
from pcloud.model.state import AssemblyState, Silence
from pcloud.model.words import Phase, Verdict

STALLS = 3  # policy.md section 5: "Three stalls …
STALLS_WITHIN = 600.0  # … in 10 min: alert"


def on_resumed(turn: Turn, event: ControllerResumed) -> None:
    """A new process takes over; where it must not trust itself, it only observes."""
    if event.doubt:
        observing.begin(turn, event.doubt)
    take_up(turn)
    if turn.root.observing and not event.doubt:
        turn.report("resumed", observing.still_observes(turn.root), alert=True)
    else:
        turn.report("resumed", "the controller has started and goes on from the store")


def take_up(turn: Turn) -> None:
    """Go on from the state alone."""
    for name, state in turn.assemblies.items():
        resume_assembly(turn, name, state)
    for place, recovery in places.recoveries(turn.so_far()):
        if recovery.phase is Phase.ASKING:  # who held it knows nothing of it any more
            places.write(turn, place, replace(recovery, guards=(), held_since=None))
            turn.order(gates.request(turn, place, recovery, recovery.permit))
    whole = turn.root.recovery
    if whole is not None and not gates.waits(whole):
        turn.update_root(recovery=replace(whole, until=turn.at + turn.plan.recovery.relaunch_deployable.verify))
    turn.update_root(doubted="")


def on_stalled(turn: Turn, event: ControllerStalled) -> None:
    """For a while nobody looked (section 5): every deadline starts again, and what was known of contact and health stays."""
    for name, state in turn.assemblies.items():
        restart_clocks(turn, name, state)
        for resource, each in state.resources.items():
            waiting = {key: replace(probe, since=turn.at) for key, probe in each.probes.items() if probe.verdict is Verdict.PENDING}
            turn.update_resource(name, resource, probes={**each.probes, **waiting})
    whole = turn.root.recovery
    if whole is not None and not gates.waits(whole) and whole.until is not None:
        verify = turn.plan.recovery.relaunch_deployable.verify
        turn.update_root(recovery=replace(whole, until=turn.at + verify))
    stalls = (*windows.within(turn.root.stalls, turn.at, STALLS_WITHIN), turn.at)
    often = len(stalls) >= STALLS
    turn.update_root(stalls=() if often else stalls)
    said = f"the controller stood still for {duration(event.seconds)}: every deadline starts again"
    turn.report("stalled", f"{said}; {STALLS} times in 10m" if often else said, alert=often)


def restart_clocks(turn: Turn, name: str, state: AssemblyState) -> None:
    """A silence begins anew without its witnesses, and so does the time of a stage and of whatever has to verify."""
    silence = state.silence
    if silence is not None:
        silence = Silence(turn.at, silence.last_seen, silence.reason, ask_at=turn.at)
    turn.update(name, silence=silence, held="", unclear_since=turn.at if state.unclear else None)
    if state.stopping_at is not None:
        turn.update(name, stopping_at=turn.at)
    if state.until is not None:
        turn.update(name, until=turn.at + (state.until - state.since), since=turn.at)
    recovery = state.recovery
    if recovery is not None and recovery.observed:
        turn.update(name, recovery=replace(recovery, until=turn.at + turn.plan_of(name).recovery.rung(recovery.rung).verify))
    for resource, each in state.resources.items():
        if each.recovery is not None and each.recovery.phase is Phase.VERIFYING:
            verify = turn.resource_plan(name, resource).recovery.restart.verify
            turn.update_resource(name, resource, recovery=replace(each.recovery, until=turn.at + verify))


def resume_assembly(turn: Turn, name: str, state: AssemblyState) -> None:
    """Start its clocks again and repeat what is open."""
    restart_clocks(turn, name, state)
    turn.update(name, contact=False)
    for action in () if state.still else observing.opened(state):
        turn.order(action)
    for resource in state.resources:
        evidence.forget_resource(turn, name, resource, doubt=False)

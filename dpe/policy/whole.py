"""Relaunching the deployable as a whole (policy.md section 3): everything down in reverse order, then up in order.

Rules:
- It is decided when an assembly's failures have gone beyond its own relaunch, and only where ``allow`` names it.
- An assembly is fenced when what comes after it is; it comes up again when what it comes after is well.
- One that may not be relaunched (static, or with data on its disk that nobody said may go) is rebooted in its place.
- ``verify`` runs for the whole; whatever fails meanwhile is one failure of the deployable. It verifies when everything is healthy.
"""

from __future__ import annotations

from dpe.policy import bringup, dependencies, gates, ladder, pauses, records, rungs
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from dpe.policy.wording import duration
from pcloud.model.actions import FenceInstance, LaunchInstance, RebootAssembly
from pcloud.model.state import Recovery
from pcloud.model.words import Desired, Phase, Rung

CLOUD_ACTIONS = (LaunchInstance, FenceInstance, RebootAssembly)


def advance(turn: Turn) -> None:
    """Take the next steps of a relaunch of the whole."""
    recovery = turn.root.recovery
    if recovery is None:
        return
    blocked = [name for name, state in turn.assemblies.items() if state.blocked]
    if turn.desired is not Desired.RUNNING or blocked:
        ladder.end_whole(turn)
        if turn.desired is Desired.RUNNING:
            records.withdrawn(turn, Place(), recovery, f"{', '.join(blocked)} is blocked: it ends here, and the rest goes on its way up")
    elif all(dependencies.settled(state) for state in turn.assemblies.values()) and not turn.root.to_fence:
        verified(turn, recovery)
    elif gates.waits(recovery):
        wait(turn, recovery)
    elif recovery.until is not None and turn.at >= recovery.until:
        ill = [name for name, state in turn.assemblies.items() if not dependencies.settled(state)]
        verify = turn.plan.recovery.relaunch_deployable.verify
        ladder.fail_whole(turn, ill[0], f"{', '.join(ill)} not healthy after {duration(verify)}")
    else:
        take_down(turn)


def wait(turn: Turn, recovery: Recovery) -> None:
    """It is decided: begin when its delay is over, the guards let it, and no call to a cloud is under way."""
    if not all(pauses.counts(turn, name) for name in turn.assemblies):
        return
    if recovery.phase is not Phase.DELAYED:
        gates.watch(turn, Place(), recovery)
    elif recovery.until is not None and turn.at >= recovery.until and clear_to_begin(turn) and gates.opened(turn, Place()):
        begin(turn, recovery)


def clear_to_begin(turn: Turn) -> bool:
    """Whether no call to a cloud is under way: never two at a time for one assembly."""
    return not any(isinstance(state.action, CLOUD_ACTIONS) for state in turn.assemblies.values())


def begin(turn: Turn, recovery: Recovery) -> None:
    """Take everything down. What was on its way for single assemblies and resources is over."""
    gates.remember(turn, Place(), Rung.RELAUNCH_DEPLOYABLE)
    verify = turn.plan.recovery.relaunch_deployable.verify
    turn.update_root(recovery=replace(recovery, phase=Phase.ACTING, until=turn.at + verify), to_fence=tuple(turn.assemblies))
    for name in turn.assemblies:
        ladder.drop_restarts(turn, name)
        part = Recovery(Rung.RELAUNCH_DEPLOYABLE, Phase.ACTING, None, recovery.decision, reason=recovery.reason)
        turn.update(name, recovery=part, action=None, until=None, silence=None, held="", denied="", exhausted=False, decision="")
    take_down(turn)


def take_down(turn: Turn) -> None:
    """Fence each assembly whose turn it is: nothing that comes after it is left."""
    for name in reversed(list(turn.assemblies)):
        state = turn[name]
        left = any(other in turn.root.to_fence for other in turn.plan.dependents(name))
        if name not in turn.root.to_fence or left or state.action is not None:
            continue
        if state.instance is not None and replaceable(turn, name):
            bringup.fence(turn, name)
        else:
            bringup.wait_for_turn(turn, name)


def replaceable(turn: Turn, name: str) -> bool:
    """Whether a new machine may take this one's place."""
    return rungs.ceiling(turn.plan_of(name), turn[name]).height >= Rung.RELAUNCH.height


def verified(turn: Turn, recovery: Recovery) -> None:
    """Everything is healthy: what was counted against any of it is forgotten."""
    acted = not gates.waits(recovery) and not recovery.observed
    how = f"{Rung.RELAUNCH_DEPLOYABLE} {records.VERIFIED}" if acted else "recovered by itself"
    records.recovered(turn, Place(), recovery.decision, how, rung=recovery.rung)
    turn.update_root(recovery=None, outcome=(recovery.decision, True) if acted else turn.root.outcome)
    if acted:
        for name in turn.assemblies:
            turn.update(name, reboots=(), relaunches=())

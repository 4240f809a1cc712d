"""The end of a way up: fresh evidence must show everything below healthy, and then clears its windows (policy.md section 3.3)."""

from __future__ import annotations

from dpe.policy import evidence, gates, records
from dpe.policy.altering import replace
from dpe.policy.stages import enter, verify_time
from dpe.policy.turn import Turn
from pcloud.model.words import Health, Phase, Rung, Stage


def verify(turn: Turn, assembly: str) -> None:
    """Everything was started: fresh evidence must show it healthy in time."""
    turn.update(assembly, action=None)
    recovery = turn[assembly].recovery
    if recovery is not None:
        turn.update(assembly, recovery=replace(recovery, phase=Phase.VERIFYING))
    evidence.forget(turn, assembly, doubt=True)
    enter(turn, assembly, Stage.VERIFYING, until=turn.at + verify_time(turn, assembly))


def advance_verifying(turn: Turn, assembly: str) -> None:
    """Up, when every resource is healthy; one that is blocked is waited for no longer."""
    state = turn[assembly]
    if state.silence is not None or not state.contact:
        return
    if any(each.health is not Health.HEALTHY and not each.blocked for each in state.resources.values()):
        return
    verified(turn, assembly)


def verified(turn: Turn, assembly: str) -> None:
    """The assembly is up; the windows of everything below it are clear (section 3.3)."""
    recovery = turn[assembly].recovery
    for name, each in turn[assembly].resources.items():
        standing = records.kept(each)
        turn.update_resource(assembly, name, failures=(), recovery=None, exhausted=False, suppressed_by="", decision=standing)
    records.verified(turn, assembly)
    counts = recovery is not None and not recovery.reload and gates.is_recovery(recovery)
    if recovery is not None and counts and recovery.rung is not Rung.RESTART and recovery.decision != whole(turn):
        turn.update_root(outcome=(recovery.decision, True))
    turn.update(assembly, recovery=None, exhausted=False, held="", denied="", blocked="", decision="", proven=True, ask_peers_at=turn.at)
    enter(turn, assembly, Stage.UP)
    for peer in turn.assemblies:
        if peer != assembly and turn[peer].stage is Stage.UP:
            turn.update(peer, ask_peers_at=turn.at)


def whole(turn: Turn) -> str:
    """The decision to relaunch the deployable as a whole, while that is under way: its parts verify with it."""
    return turn.root.recovery.decision if turn.root.recovery is not None else ""

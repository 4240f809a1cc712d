"""Never two generations (policy.md section 6): what counts as fenced, and who answers for it where nothing does."""

from __future__ import annotations

from dpe.policy import bringup, keeping, rungs
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision
from pcloud.model.events import ActionDone, DeathConfirmed, InstanceFenced, InstanceMissing
from pcloud.model.state import AssemblyState, DeployableState, Recovery
from pcloud.model.words import Choice, Desired, Phase, Rung

GONE_AFTER_CONTACT = 60.0  # policy.md section 6: seen within 60 s before the first 404
BLOCKED_BY_FENCE = "fence: "


def on_fenced(turn: Turn, name: str, event: ActionDone) -> None:
    """The old instance is off, or gone without our doing. What it said last goes into the journal before it is replaced."""
    missing = isinstance(event, InstanceMissing)
    doubt = event.doubt if isinstance(event, InstanceMissing) else ""
    keeping.keep(turn, name, console=event.console if isinstance(event, InstanceFenced) else "", gone=missing)
    if doubt or (missing and not gone_is_fenced(turn, name)):
        block(turn, name, doubt)
    elif turn.desired is Desired.RUNNING:
        bringup.fenced(turn, name, gone=missing)
    else:
        turn.update(name, action=None)


def gone_is_fenced(turn: Turn, name: str) -> bool:
    """Whether a machine that is gone without our doing may be replaced: there is nothing to write to twice, or it was seen just before.

    One that still answers us is not dead, whatever the cloud says.
    """
    if not turn.plan_of(name).volumes:
        return True
    state = turn[name]
    if state.contact:
        return False
    gone_at = state.gone_at if state.gone_at is not None else turn.at
    return state.seen_at is not None and gone_at - state.seen_at <= GONE_AFTER_CONTACT


def block(turn: Turn, name: str, doubt: str = "") -> None:
    """It may live on somewhere, write to its volumes and use its address: a person must say that it is dead."""
    instance = turn[name].instance
    unseen = f"{doubt}; it may still write" if doubt else "it was not seen within 60 s before; it may still write"
    seen = "it still answers us" if turn[name].contact else unseen
    reason = f"{BLOCKED_BY_FENCE}{instance.id if instance else name} is gone without our doing, and {seen}"
    recovery = turn[name].recovery
    turn.update(name, action=None, recovery=None, until=None, blocked=reason, reason=reason)
    decision = turn.decide(
        Decision(
            turn.next_id(), Choice.BLOCK, "section 6", Rung.RELAUNCH, evidence=(reason,), next="relaunch, once somebody says confirm-dead"
        ),
        reason,
        assembly=name,
        alert=True,
        of=recovery.decision if recovery is not None else "",
    )
    turn.update(name, decision=recovery.decision if recovery is not None else decision)


def awaits_confirmation(state: AssemblyState) -> bool:
    """Whether it is blocked because nobody knows whether its instance is dead."""
    return state.blocked.startswith(BLOCKED_BY_FENCE)


def unconfirmable(state: DeployableState, name: str) -> str:
    """Why nobody can answer for it that an assembly's instance is dead; empty if somebody can."""
    assembly = state.assemblies[name]
    if not awaits_confirmation(assembly) or state.desired is not Desired.RUNNING:
        return f"{name} does not wait for anybody to confirm that its instance is dead"
    if assembly.contact:
        return f"{name} still answers us: it is not dead; switch it off where it runs, then confirm"
    return ""


def on_confirmed(turn: Turn, event: DeathConfirmed) -> None:
    """The operator answers for it: the next generation may come."""
    why_not = unconfirmable(turn.so_far(), event.assembly)
    if why_not:
        turn.report("refused", why_not, assembly=event.assembly)
        return
    state = turn[event.assembly]
    who = f"{event.owner} confirmed" if event.owner else "it was confirmed"
    because = f" ({event.reason})" if event.reason else ""
    following = rungs.following(turn.plan_of(event.assembly), state, Rung.RELAUNCH, len(state.relaunches))
    decision = turn.decide(
        Decision(turn.next_id(), Choice.ACT, "section 6", Rung.RELAUNCH, evidence=(state.blocked,), next=following),
        f"{who} that the old instance is dead{because}: relaunching",
        assembly=event.assembly,
    )
    recovery = Recovery(Rung.RELAUNCH, Phase.ACTING, None, decision, reason="confirmed dead", manual=True)
    turn.update(event.assembly, blocked="", held="", reason="", decision="", recovery=recovery)
    bringup.fenced(turn, event.assembly, gone=True)

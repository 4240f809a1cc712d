"""The ladder above a single resource (policy.md section 3): reboot, relaunch, exhausted.

Rules:
- A failure of an assembly is appended to the window of its rung; the N-th clears the window and is one failure at the next rung.
- The failure that brought us here is in the decision, in words and in numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from dpe.policy import gates, pauses, places, records, rungs, stages, windows
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from dpe.policy.wording import counted, soon
from pcloud.model.actions import Decision
from pcloud.model.state import AssemblyState, Recovery
from pcloud.model.words import Choice, Desired, Health, Mode, OnExhausted, Phase, Rung, Stage

DOING = {
    Rung.RESTART: "restarting",
    Rung.REBOOT: "rebooting",
    Rung.RELAUNCH: "relaunching",
    Rung.RELAUNCH_DEPLOYABLE: "relaunching the whole deployable",
}
WINDOWS = {Rung.REBOOT: "reboots", Rung.RELAUNCH: "relaunches"}
UNDONE = frozenset({Stage.FENCING, Stage.LAUNCHING, Stage.REBOOTING})  # an action that fails here has not changed the machine


@dataclass(frozen=True, slots=True)
class Ground:
    """What a failure rests on, beside its count: see the fields of the same names of ``Recovery``.

    ``filled`` is the window below that it has filled, for the record of giving up: its rung, its failures, of how many, and in which time.
    """

    persists: bool = False
    condemned: bool = False
    witnessed: bool = False
    filled: tuple[Rung, int, int, float] | None = None


COUNTED = Ground()


def fail(
    turn: Turn,
    assembly: str,
    rung: Rung,
    reason: str,
    *,
    rule: str = "section 3.2",
    resource: str = "",
    ground: Ground = COUNTED,
) -> None:
    """Count one failure of an assembly at ``rung`` and schedule what follows."""
    if turn.desired is not Desired.RUNNING:
        return
    plan, state = turn.plan_of(assembly), turn[assembly]
    if not pauses.counts(turn, assembly):
        wait_for_end_of_pause(turn, assembly, rung, reason)
        return
    remember_failed(turn, state.recovery)
    if whole_under_way(turn):
        fail_whole(turn, assembly, f"{assembly}: {reason}", rule)
    elif state.exhausted or rung.height > rungs.ceiling(plan, state).height or (rung is Rung.RELAUNCH_DEPLOYABLE and whole_exhausted(turn)):
        exhaust(turn, assembly, reason, resource, ground.filled)
    elif rung is Rung.RELAUNCH_DEPLOYABLE:
        fail_whole(turn, assembly, f"{assembly}: {reason}", rule)
    else:
        settings = plan.recovery.rung(rung)
        window = windows.append(getattr(state, WINDOWS[rung]), turn.at, settings)
        if windows.escalates(window, settings, rungs.tried(state, rung)):
            turn.update(assembly, **{WINDOWS[rung]: ()})
            why = f"{reason}; {rung} {counted(len(window), settings.failures, settings.within)}"
            filled = (rung, len(window), settings.failures, settings.within)
            fail(turn, assembly, rungs.next_rung(rung), why, resource=resource, ground=replace(ground, filled=filled))
            return
        turn.update(assembly, **{WINDOWS[rung]: window})
        following_ = rungs.following(plan, state, rung, len(window))
        recovery = decided(turn, Place(assembly), rung, len(window), reason, rule, following_)
        condemned = ground.condemned or still_condemned(state)
        schedule(turn, assembly, replace(recovery, persists=ground.persists, condemned=condemned, witnessed=ground.witnessed))


def still_condemned(state: AssemblyState) -> bool:
    """Whether the cloud's word on its machine stands: what that word asked for has failed, and is tried again.

    Asked for without it, the next try would wait for the end of a storm that this very machine keeps up.
    """
    return state.recovery is not None and state.recovery.condemned and state.stage in UNDONE


def withdraw(turn: Turn, assembly: str, reason: str) -> None:
    """End a recovery of the assembly that waits, because what it rests on does not stand; its window forgets that failure."""
    recovery = turn[assembly].recovery
    if recovery is None:
        return
    window = WINDOWS.get(recovery.rung)
    if window is not None and recovery.failures:
        turn.update(assembly, **{window: getattr(turn[assembly], window)[:-1]})
    turn.update(assembly, recovery=None, reason="")
    turn.report("withdrawn", f"no {recovery.rung} for now: {reason}", assembly=assembly, decision=recovery.decision)


def decided(turn: Turn, place: Place, rung: Rung, failures: int, reason: str, rule: str, following: str) -> Recovery:
    """The decision that the ``failures``-th failure in a window asks for, and the recovery that it begins."""
    settings = places.settings_of(turn, place).rung(rung)
    wait = windows.delay(failures, settings) * turn.jitter(place.name, failures)
    counters = (failures, settings.failures, settings.within)
    choice, doing, alert = gates.intended(turn, place, f"{DOING[rung]}{soon(wait)}", wait)
    made = Decision(turn.next_id(), choice, rule, rung, rung, *counters, evidence=(reason,), next=following, before=failures - 1)
    decision = turn.decide(made, f"{reason}; {counted(*counters)}: {doing}", assembly=place.assembly, alert=alert)
    return Recovery(rung, Phase.DELAYED, turn.at + wait, decision, *counters, reason=reason)


def remember_failed(turn: Turn, recovery: Recovery | None) -> None:
    """A recovery whose action was done has not verified: the guards count that (section 5)."""
    if recovery is None or recovery.reload or recovery.observed or gates.waits(recovery):
        return
    if recovery.rung is not Rung.RESTART:
        turn.update_root(outcome=(recovery.decision, False))


def wait_for_end_of_pause(turn: Turn, assembly: str, rung: Rung, reason: str) -> None:
    """It failed while it was paused: that counts for nothing, and what is needed is begun when the pause is over."""
    grace, mode = turn[assembly].grace, places.mode_of(turn, Place(assembly))
    decision = turn.decide(
        Decision(turn.next_id(), Choice.HOLD, "section 5", rung, rung, evidence=(reason,), next=f"{rung} when the pause is over"),
        f"{reason}; paused: counts for nothing",
        assembly=assembly,
        alert=mode is Mode.APPROVE,
    )
    schedule(turn, assembly, Recovery(rung, Phase.DELAYED, max(turn.at, grace or turn.at), decision, reason=reason))


def whole_under_way(turn: Turn) -> bool:
    """Whether the deployable as a whole is being relaunched."""
    recovery = turn.root.recovery
    return recovery is not None and not gates.waits(recovery) and not recovery.observed


def whole_exhausted(turn: Turn) -> bool:
    """Whether the deployable's own rung is exhausted, and who exhausted it still not well: no other may begin it anew."""
    states = [state for name, state in turn.assemblies.items() if rungs.ceiling(turn.plan_of(name), state) is Rung.RELAUNCH_DEPLOYABLE]
    return any(state.exhausted or any(each.exhausted for each in state.resources.values()) for state in states)


def fail_whole(turn: Turn, assembly: str, reason: str, rule: str = "section 3.2") -> None:
    """Count one failure of the deployable and schedule its relaunch; its N-th exhausts the assembly that failed."""
    settings = turn.plan.recovery.relaunch_deployable
    window = windows.append(turn.root.relaunches, turn.at, settings)
    remember_failed(turn, turn.root.recovery)
    if windows.escalates(window, settings, turn.root.recoveries):
        end_whole(turn)
        turn.update_root(relaunches=())
        counts = counted(len(window), settings.failures, settings.within)
        filled = (Rung.RELAUNCH_DEPLOYABLE, len(window), settings.failures, settings.within)
        why = f"{reason}; {Rung.RELAUNCH_DEPLOYABLE} {counts}"
        left = [name for name, state in turn.assemblies.items() if name != assembly and stages.abandoned(state)]
        for name in (assembly, *left):  # where the whole was only observed, nothing goes on for the others that failed either
            exhaust(turn, name, why, "", filled)
        return
    last = settings.failures and len(window) + 1 >= settings.failures
    following_ = str(Choice.EXHAUSTED) if last else f"{Rung.RELAUNCH_DEPLOYABLE} again"
    recovery = decided(turn, Place(), Rung.RELAUNCH_DEPLOYABLE, len(window), reason, rule, following_)
    end_whole(turn)
    turn.update_root(recovery=recovery, relaunches=window)
    schedule(turn, assembly, None, reason=reason)


def end_whole(turn: Turn) -> None:
    """A relaunch of the whole is over: what it has not taken down is what it was, and the rest goes on its way up.

    One that could not be fenced perhaps lives: should it answer, it is taken up as it is.
    """
    turn.update_root(recovery=None, to_fence=())
    for name, state in turn.assemblies.items():
        if state.recovery is None or state.recovery.rung is not Rung.RELAUNCH_DEPLOYABLE:
            continue
        if state.stage is Stage.UP:
            turn.update(name, recovery=None)
        elif state.stage is Stage.FENCING and state.action is None:
            until = turn.at + turn.plan_of(name).recovery.relaunch.verify
            turn.update(name, stage=Stage.BOOTING, since=turn.at, until=until, contact=False)


def schedule(turn: Turn, assembly: str, recovery: Recovery | None, *, reason: str = "") -> None:
    """Put a recovery of the whole assembly on its way; its resources' own end (none on a resource while its assembly is recovered)."""
    why = recovery.reason if recovery is not None else reason
    for name, resource in turn[assembly].resources.items():
        if resource.action is None:  # one that is running is waited for, see ``clear_to_begin``
            turn.update_resource(assembly, name, recovery=None, exhausted=False, suppressed_by="", decision=records.kept(resource))
    turn.update(assembly, recovery=recovery, action=None, until=None, held="", exhausted=False, decision="", reason=why)


def clear_to_begin(state: AssemblyState) -> bool:
    """Whether no action on a resource is in the way. Those in a machine out of sight are not waited for: nobody could tell how they end."""
    return not state.contact or all(each.action is None for each in state.resources.values())


def drop_restarts(turn: Turn, assembly: str) -> None:
    """End the recoveries of single resources and what is left of their actions, windows apart."""
    for name, each in turn[assembly].resources.items():
        standing = records.kept(each)
        turn.update_resource(assembly, name, recovery=None, action=None, exhausted=False, suppressed_by="", decision=standing)


def exhaust(turn: Turn, assembly: str, reason: str, resource: str, filled: tuple[Rung, int, int, float] | None) -> None:
    """The last rung has failed: alert, and by default go on restarting what can be restarted (rule 3.7)."""
    plan, state = turn.plan_of(assembly), turn[assembly]
    highest = rungs.ceiling(plan, state)
    again = plan.recovery.on_exhausted is OnExhausted.RETRY
    rung, failures, of, within = filled or (None, 0, 0, 0.0)
    decision = turn.decide(
        Decision(
            turn.next_id(),
            Choice.EXHAUSTED,
            "section 3.7",
            None,
            rung,
            failures,
            of,
            within,
            evidence=(reason,),
            next="restart again, at max_delay" if again else "nothing until the operator says retry",
            before=max(0, failures - 1),
        ),
        f"{reason}; {highest} is the highest rung allowed: exhausted",
        assembly=assembly,
        resource=resource,
        alert=True,
    )
    reachable = state.contact and state.stage in {Stage.STARTING, Stage.VERIFYING, Stage.UP}
    turn.update(assembly, recovery=None, until=None, reason=reason, exhausted=True, decision=decision)
    if reachable:
        turn.update(assembly, stage=Stage.UP, action=None)
        keep_restarting(turn, assembly, decision, reason, again=again)
        if resource:  # the exhausted one says why itself, and ends it when it is healthy
            turn.update(assembly, exhausted=False, reason="", decision="")
    elif state.instance is None:
        turn.update(assembly, stage=Stage.ABSENT)  # nothing is there to wait for; a start begins anew
    elif state.stage is Stage.FENCING:
        turn.update(assembly, stage=Stage.BOOTING, contact=False)  # perhaps it lives: should it answer, it is taken up as it is


def keep_restarting(turn: Turn, assembly: str, decision: str, reason: str, *, again: bool) -> None:
    """Mark what is not healthy as exhausted, and let its restart come round at ``max_delay`` where ``again``."""
    for each in turn.plan_of(assembly).resources:
        state = turn.resource(assembly, each.name)
        if state.health is Health.HEALTHY or state.blocked:
            continue
        settings = each.recovery.restart
        recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at + settings.max_delay, decision, within=settings.within, reason=reason)
        restartable = each.agent is not None or each.restarts
        if state.action is None:
            again_ = recovery if again and restartable else None
            turn.update_resource(assembly, each.name, exhausted=True, recovery=again_, decision=decision)


def try_once_more(turn: Turn, assembly: str) -> None:
    """What was given up answers after all: what is left of its way up is tried once, without the ladder."""
    decision = turn.decide(
        Decision(turn.next_id(), Choice.ACT, "section 3.7", evidence=(turn[assembly].reason,), next=str(Choice.EXHAUSTED)),
        "it answers after all: taken up as it is, once",
        assembly=assembly,
    )
    turn.update(assembly, recovery=Recovery(Rung.RELAUNCH, Phase.ACTING, None, decision, reason="it answers after all"))


def acting(recovery: Recovery) -> Recovery:
    """The recovery when its action begins."""
    return replace(recovery, phase=Phase.ACTING, until=None)

"""The ladder above a single resource (policy.md section 3): reboot, relaunch, exhausted.

Rules:
- A failure of an assembly is appended to the window of its rung; the N-th clears the window and is one failure at the next rung.
- No rung above the ceiling: ``allow``, or relaunch as long as this generation was never up (nothing can live on its disk yet).
- The failure that brought us here is in the decision, in words and in numbers.
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy import flapping, windows
from dpe.policy.turn import Turn
from dpe.policy.wording import counted, soon
from pcloud.model.actions import Decision
from pcloud.model.plan import AssemblyPlan
from pcloud.model.state import AssemblyState, Recovery
from pcloud.model.words import LADDER, Choice, Desired, Health, OnExhausted, Phase, Rung, Stage

DOING = {Rung.RESTART: "restarting", Rung.REBOOT: "rebooting", Rung.RELAUNCH: "relaunching"}
WINDOWS = {Rung.REBOOT: "reboots", Rung.RELAUNCH: "relaunches"}


def ceiling(plan: AssemblyPlan, state: AssemblyState) -> Rung:
    """The highest rung that may be tried. The rungs above relaunch have no actions yet and end there."""
    if plan.static:
        return min(plan.recovery.allow, Rung.REBOOT, key=lambda rung: rung.height)
    if not state.proven:
        return Rung.RELAUNCH
    return min(plan.recovery.allow, Rung.RELAUNCH, key=lambda rung: rung.height)


def next_rung(rung: Rung) -> Rung:
    """The rung above."""
    return LADDER[min(rung.height + 1, len(LADDER) - 1)]


def following(plan: AssemblyPlan, state: AssemblyState, rung: Rung, count: int) -> str:
    """What the next failure at this rung would do."""
    settings = plan.recovery.rung(rung)
    if settings.failures == 0 or count + 1 < settings.failures:
        return f"{rung} again"
    above = next_rung(rung)
    return str(above) if above.height <= ceiling(plan, state).height else "exhausted"


def fail(
    turn: Turn, assembly: str, rung: Rung, reason: str, *, rule: str = "section 3.2", resource: str = "", persists: bool = False
) -> None:
    """Count one failure of an assembly at ``rung`` and schedule what follows."""
    if turn.desired is not Desired.RUNNING:
        return
    plan, state = turn.plan_of(assembly), turn[assembly]
    if state.exhausted or rung.height > ceiling(plan, state).height:
        exhaust(turn, assembly, reason, resource)
        return
    settings = plan.recovery.rung(rung)
    window = windows.append(getattr(state, WINDOWS[rung]), turn.at, settings)
    if windows.escalates(window, settings, state.recoveries):
        turn.update(assembly, **{WINDOWS[rung]: ()})
        counts = counted(len(window), settings.failures, settings.within)
        fail(turn, assembly, next_rung(rung), f"{reason}; {rung} {counts}", rule="section 3.2", resource=resource, persists=persists)
        return
    turn.update(assembly, **{WINDOWS[rung]: window})
    wait = windows.delay(len(window), settings) * turn.jitter(assembly, len(window))
    counters = (len(window), settings.failures, settings.within)
    decision = turn.decide(
        Decision("", Choice.ACT, rule, rung, rung, *counters, evidence=(reason,), next=following(plan, state, rung, len(window))),
        f"{reason}; {counted(*counters)}: {DOING[rung]}{soon(wait)}",
        assembly=assembly,
    )
    schedule(turn, assembly, Recovery(rung, Phase.DELAYED, turn.at + wait, decision, *counters, reason=reason, persists=persists))


def schedule(turn: Turn, assembly: str, recovery: Recovery) -> None:
    """Put a recovery of the whole assembly on its way; its resources' own end (none on a resource while its assembly is recovered)."""
    for name, resource in turn[assembly].resources.items():
        if resource.action is None:  # one that is running is waited for, see ``clear_to_begin``
            turn.update_resource(assembly, name, recovery=None, exhausted=False, suppressed_by="")
    turn.update(assembly, recovery=recovery, action=None, until=None, held="", exhausted=False, reason=recovery.reason)


def remember(turn: Turn, assembly: str) -> None:
    """The assembly's own action begins."""
    turn.update(assembly, recoveries=flapping.remember(turn, turn[assembly].recoveries, assembly))


def clear_to_begin(state: AssemblyState) -> bool:
    """Whether no action on a resource is in the way. Those in a machine out of sight are not waited for: nobody could tell how they end."""
    return not state.contact or all(each.action is None for each in state.resources.values())


def drop_restarts(turn: Turn, assembly: str) -> None:
    """End the recoveries of single resources and what is left of their actions, windows apart."""
    for name in turn[assembly].resources:
        turn.update_resource(assembly, name, recovery=None, action=None, exhausted=False, suppressed_by="")


def exhaust(turn: Turn, assembly: str, reason: str, resource: str = "") -> None:
    """The last rung has failed: alert, and by default go on restarting what can be restarted (rule 3.7)."""
    plan, state = turn.plan_of(assembly), turn[assembly]
    highest = ceiling(plan, state)
    again = plan.recovery.on_exhausted is OnExhausted.RETRY
    decision = turn.decide(
        Decision(
            "",
            Choice.EXHAUSTED,
            "section 3.7",
            evidence=(reason,),
            next="restart again, at max_delay" if again else "nothing until the operator says retry",
        ),
        f"{reason}; {highest} is the highest rung allowed: exhausted",
        assembly=assembly,
        resource=resource,
        alert=True,
    )
    reachable = state.contact and state.stage in {Stage.STARTING, Stage.VERIFYING, Stage.UP}
    turn.update(assembly, recovery=None, until=None, reason=reason, exhausted=True)
    if reachable:
        turn.update(assembly, stage=Stage.UP, action=None)
        keep_restarting(turn, assembly, decision, reason, again=again)
        if resource:  # the exhausted one says why itself, and ends it when it is healthy
            turn.update(assembly, exhausted=False, reason="")
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
            turn.update_resource(assembly, each.name, exhausted=True, recovery=recovery if again and restartable else None)


def acting(recovery: Recovery) -> Recovery:
    """The recovery when its action begins."""
    return replace(recovery, phase=Phase.ACTING, until=None)

"""The ladder above a single resource (policy.md section 3): reboot, relaunch, exhausted.

Rules:
- A failure of an assembly is appended to the window of its rung; the N-th clears the window and is one failure at the next rung.
- No rung above the ceiling: ``allow``, or relaunch as long as this generation was never up (nothing can live on its disk yet).
- The failure that brought us here is in the decision, in words and in numbers.
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy import windows
from dpe.policy.turn import Turn
from dpe.policy.wording import counted, soon
from pcloud.model.actions import Decision
from pcloud.model.plan import AssemblyPlan
from pcloud.model.state import AssemblyState, Recovery
from pcloud.model.words import LADDER, Choice, Health, OnExhausted, Phase, Rung, Stage

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


def fail(turn: Turn, assembly: str, rung: Rung, reason: str, *, rule: str = "section 3.2", resource: str = "") -> None:
    """Count one failure of an assembly at ``rung`` and schedule what follows."""
    plan, state = turn.plan_of(assembly), turn[assembly]
    if rung.height > ceiling(plan, state).height:
        exhaust(turn, assembly, reason, resource)
        return
    settings = plan.recovery.rung(rung)
    window = windows.append(getattr(state, WINDOWS[rung]), turn.at, settings)
    if windows.full(window, settings):
        turn.update(assembly, **{WINDOWS[rung]: ()})
        counts = counted(len(window), settings.failures, settings.within)
        fail(turn, assembly, next_rung(rung), f"{reason}; {rung} {counts}", rule="section 3.2", resource=resource)
        return
    turn.update(assembly, **{WINDOWS[rung]: window})
    wait = windows.delay(len(window), settings) * turn.jitter(assembly, len(window))
    counters = (len(window), settings.failures, settings.within)
    decision = turn.decide(
        Decision("", Choice.ACT, rule, rung, rung, *counters, evidence=(reason,), next=following(plan, state, rung, len(window))),
        f"{reason}; {counted(*counters)}: {DOING[rung]}{soon(wait)}",
        assembly=assembly,
    )
    schedule(turn, assembly, Recovery(rung, Phase.DELAYED, turn.at + wait, decision, *counters, reason=reason))


def schedule(turn: Turn, assembly: str, recovery: Recovery) -> None:
    """Put a recovery of the whole assembly on its way; its resources' own end (none on a resource while its assembly is recovered)."""
    drop_restarts(turn, assembly)
    turn.update(
        assembly,
        recovery=recovery,
        action=None,
        until=None,
        held="",
        exhausted=False,
        reason=recovery.reason,
        recoveries=remember(turn, assembly, turn[assembly].recoveries),
    )


def remember(turn: Turn, assembly: str, times: tuple[float, ...], resource: str = "") -> tuple[float, ...]:
    """One more recovery of a target; the tenth in 24 h is reported as flapping (rule 3.4)."""
    recent = (*windows.within(times, turn.at, windows.FLAPPING_WITHIN), turn.at)
    if len(recent) >= windows.FLAPPING_RECOVERIES:
        turn.report("flapping", f"{len(recent)} recoveries in 24h", assembly=assembly, resource=resource, alert=True)
        return ()
    return recent


def drop_restarts(turn: Turn, assembly: str) -> None:
    """End the recoveries of single resources, windows apart."""
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
    if reachable:
        turn.update(assembly, stage=Stage.UP, action=None)
        keep_restarting(turn, assembly, decision, reason, again=again)
    turn.update(assembly, recovery=None, until=None, reason=reason, exhausted=not (reachable and resource))


def keep_restarting(turn: Turn, assembly: str, decision: str, reason: str, *, again: bool) -> None:
    """Mark what is not healthy as exhausted, and let its restart come round at ``max_delay`` where ``again``."""
    for each in turn.plan_of(assembly).resources:
        state = turn.resource(assembly, each.name)
        if state.health is Health.HEALTHY or state.blocked:
            continue
        settings = each.recovery.restart
        recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at + settings.max_delay, decision, within=settings.within, reason=reason)
        restartable = each.agent is not None or each.restarts
        turn.update_resource(assembly, each.name, exhausted=True, action=None, recovery=recovery if again and restartable else None)


def acting(recovery: Recovery) -> Recovery:
    """The recovery when its action begins."""
    return replace(recovery, phase=Phase.ACTING, until=None)

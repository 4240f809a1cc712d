"""The lowest rung: restarting one resource (policy.md section 3).

Rules:
- One healthy→failed is one failure; failures while the recovery acts or verifies do not count.
- A restart begins on standing evidence only: while the resource is pending or unknown, or the machine is out of sight, it waits.
- A restart verifies when the resource is healthy by evidence taken after it; running out of time is one failure more.
- Nothing to restart, or a stop that fails or hangs, skips to the reboot, and the decision says so (rule 3.6).
- A failure that turns out to have another cause (a dependency, the machine itself) is taken out of the window again.
"""

from __future__ import annotations

from dpe.policy import dependencies, evidence, gates, ladder, pauses, windows
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from dpe.policy.wording import counted, duration, soon
from pcloud.model.actions import Decision, ProbeAgain, RestartResource
from pcloud.model.events import ActionFailed, ActionRefused, StopFailed
from pcloud.model.plan import ResourcePlan
from pcloud.model.state import Recovery
from pcloud.model.words import Choice, Desired, Health, Mode, OnExhausted, Phase, Rung, Stage


def attend(turn: Turn, assembly: str, resource: str) -> None:
    """See to a resource of an assembly that is up: it may have failed, or time may have brought something."""
    state = turn.resource(assembly, resource)
    if state.recovery is None and state.health is Health.FAILED and not state.blocked and not state.suppressed_by and not state.denied:
        on_failure(turn, assembly, resource)
        state = turn.resource(assembly, resource)
    if state.recovery is not None and turn[assembly].recovery is None:
        advance(turn, assembly, resource, state.recovery)


def on_failure(turn: Turn, assembly: str, resource: str) -> None:
    """It is failed, and nothing is on its way for it."""
    state, plan = turn.resource(assembly, resource), turn.resource_plan(assembly, resource)
    if state.exhausted and not (plan.recovery.on_exhausted is OnExhausted.RETRY and restartable(plan)):
        return
    if dependencies.being_restarted(turn, assembly, resource) or not pauses.counts(turn, assembly):
        return
    by = dependencies.cause(turn, assembly, resource)
    if by:
        dependencies.suppress(turn, assembly, resource, by, state.reason)
    else:
        count(turn, assembly, resource, state.reason)


def restartable(plan: ResourcePlan) -> bool:
    """Whether there is anything to restart for it."""
    return plan.agent is not None or bool(plan.restarts)


def count(turn: Turn, assembly: str, resource: str, reason: str) -> None:
    """Count one failure of a resource and schedule what follows."""
    if turn.desired is not Desired.RUNNING:
        return
    plan, state = turn.resource_plan(assembly, resource), turn.resource(assembly, resource)
    settings = plan.recovery.restart
    turn.update_resource(assembly, resource, recovery=None, action=None)
    if state.blocked:
        return  # a restart asked for by hand has not helped: what blocks it still does
    if not restartable(plan):
        ladder.fail(turn, assembly, Rung.REBOOT, f"{resource}: {reason}; nothing to restart", rule="section 3.6", resource=resource)
    elif state.exhausted or turn[assembly].exhausted:
        repeat(turn, assembly, plan, reason)
    else:
        window = windows.append(state.failures, turn.at, settings)
        if windows.escalates(window, settings, state.recoveries):
            turn.update_resource(assembly, resource, failures=())
            why = f"{resource}: {reason}; {counted(len(window), settings.failures, settings.within)}"
            ladder.fail(turn, assembly, Rung.REBOOT, why, resource=resource)
            return
        schedule(turn, assembly, plan, reason, window)


def schedule(turn: Turn, assembly: str, plan: ResourcePlan, reason: str, window: tuple[float, ...]) -> None:
    """Decide the restart that the last failure in the window asks for."""
    settings, mode, failures = plan.recovery.restart, plan.recovery.mode, len(window)
    wait = windows.delay(failures, settings) * turn.jitter(f"{assembly}/{plan.name}", failures)
    counters = (failures, settings.failures, settings.within)
    ends = settings.failures and failures + 1 >= settings.failures
    following = "reboot" if ends else "restart again"
    made = Decision("", gates.choice(mode), "section 3.2", Rung.RESTART, Rung.RESTART, *counters, evidence=(reason,), next=following)
    doing = gates.announced(mode, f"restarting{(' ' + plan.restarts if plan.restarts else '')}{soon(wait)}")
    decision = turn.decide(
        replace(made, before=failures - 1),
        f"{reason}; {counted(*counters)}: {doing}",
        assembly=assembly,
        resource=plan.name,
        alert=mode is Mode.APPROVE,  # somebody has to know that his yes is waited for
    )
    recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at + wait, decision, *counters, reason=reason)
    turn.update_resource(assembly, plan.name, recovery=recovery, failures=window)


def repeat(turn: Turn, assembly: str, plan: ResourcePlan, reason: str) -> None:
    """The ladder is exhausted: only the restart comes round again, at ``max_delay`` (rule 3.7)."""
    settings = plan.recovery.restart
    decision = turn.decide(
        Decision("", Choice.ACT, "section 3.7", Rung.RESTART, Rung.RESTART, evidence=(reason,), next="restart again"),
        f"{reason}; exhausted: restarting{soon(settings.max_delay)}",
        assembly=assembly,
        resource=plan.name,
    )
    recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at + settings.max_delay, decision, within=settings.within, reason=reason)
    turn.update_resource(assembly, plan.name, recovery=recovery, exhausted=True)


def advance(turn: Turn, assembly: str, resource: str, recovery: Recovery) -> None:
    """Do what time has brought: begin a restart whose delay is over, or give up on one that did not verify."""
    asks = recovery.phase in {Phase.ASKING, Phase.APPROVAL}
    if not asks and (recovery.until is None or turn.at < recovery.until):
        return
    by = dependencies.cause(turn, assembly, resource)
    state = turn.resource(assembly, resource)
    if by and state.health is not Health.HEALTHY:
        withdraw(turn, assembly, resource)
        dependencies.suppress(turn, assembly, resource, by, recovery.reason)
    elif asks:
        gates.watch(turn, Place(assembly, resource), recovery)
    elif recovery.phase is Phase.VERIFYING:
        verify = turn.resource_plan(assembly, resource).recovery.restart.verify
        after = "the restart that was observed only" if recovery.observed else "its restart"
        count(turn, assembly, resource, f"not healthy {duration(verify)} after {after}{': ' + state.reason if state.reason else ''}")
    elif may_begin(turn, assembly, resource) and gates.opened(turn, Place(assembly, resource)):
        begin(turn, assembly, resource, recovery)


def may_begin(turn: Turn, assembly: str, resource: str) -> bool:
    """Whether the evidence for a restart still stands, and nothing is in its way."""
    failed = turn.resource(assembly, resource).health is Health.FAILED
    return failed and not dependencies.being_restarted(turn, assembly, resource) and pauses.covering(turn, assembly) is None


def withdraw(turn: Turn, assembly: str, resource: str) -> None:
    """End a recovery whose failure was not the resource's own; the window forgets that failure."""
    state = turn.resource(assembly, resource)
    counted_once = state.recovery is not None and state.recovery.failures > 0
    failures = state.failures[:-1] if counted_once else state.failures
    turn.update_resource(assembly, resource, recovery=None, action=None, failures=failures)


def begin(turn: Turn, assembly: str, resource: str, recovery: Recovery) -> None:
    """Order the restart."""
    plan, owner = turn.resource_plan(assembly, resource), turn[assembly]
    if owner.instance is None:
        raise ValueError(f"{assembly} has no instance to restart {resource} in")
    target = plan.restarts or resource
    patience = 2 * turn.resource_plan(assembly, target).action_timeout  # a stop and a start, each with its own
    action = RestartResource(turn.next_id(), assembly, target, owner.instance.generation, patience)
    gates.remember(turn, Place(assembly, resource))
    turn.update_resource(assembly, resource, recovery=ladder.acting(recovery), action=action)
    turn.order(action)


def on_done(turn: Turn, assembly: str, resource: str) -> None:
    """The restart was done: from now on fresh evidence must show it healthy."""
    plan, recovery = turn.resource_plan(assembly, resource), turn.resource(assembly, resource).recovery
    turn.update_resource(assembly, resource, action=None)
    if recovery is None or turn[assembly].recovery is not None:
        turn.update_resource(assembly, resource, recovery=None)
        return
    until = turn.at + plan.recovery.restart.verify
    for name in dict.fromkeys((plan.restarts or resource, resource)):
        evidence.forget_resource(turn, assembly, name, doubt=True)
    turn.update_resource(assembly, resource, recovery=replace(recovery, phase=Phase.VERIFYING, until=until))
    turn.order(ProbeAgain(assembly))


def on_action_failed(turn: Turn, assembly: str, resource: str, event: ActionFailed) -> None:
    """The restart failed: one more failure, unless the whole machine is out of sight or its evidence skips a rung."""
    state, owner = turn.resource(assembly, resource), turn[assembly]
    if state.recovery is None or owner.recovery is not None or not owner.contact or turn.desired is not Desired.RUNNING:
        withdraw(turn, assembly, resource)
        return
    turn.update_resource(assembly, resource, action=None, recovery=None)
    if isinstance(event, ActionRefused):
        block(turn, assembly, resource, event.reason)
    elif isinstance(event, StopFailed) and not state.exhausted:
        why = f"{resource}: its stop failed: {event.reason}"
        ladder.fail(turn, assembly, Rung.REBOOT, why, rule="section 3.6", resource=resource)
    else:
        if state.health is Health.HEALTHY:  # asked for by hand: whether it runs now is not known
            evidence.forget_resource(turn, assembly, resource, doubt=True)
            evidence.ask_again(turn, assembly)
        count(turn, assembly, resource, f"restart failed: {event.reason}")


def on_health(turn: Turn, assembly: str, resource: str) -> None:
    """A resource has turned healthy: whatever was on its way for it ends, unless its action is running."""
    state = turn.resource(assembly, resource)
    if state.recovery is not None and state.recovery.phase is Phase.ACTING:
        return
    decision = state.recovery.decision if state.recovery is not None else ""
    if state.recovery is not None or state.exhausted or state.blocked:
        acted = state.recovery is not None and not gates.waits(state.recovery) and not state.recovery.observed
        how = "verified" if acted else "recovered by itself"
        turn.decide(
            Decision("", Choice.RECOVERED, "section 3.3", rung=Rung.RESTART, evidence=(decision,) if decision else ()),
            how,
            assembly=assembly,
            resource=resource,
        )
    turn.update_resource(assembly, resource, recovery=None, exhausted=False, blocked="", suppressed_by="", denied="")


def on_lost(turn: Turn, assembly: str) -> None:
    """The machine is out of sight: what its resources waited for was perhaps its own failure (section 2)."""
    for name, state in turn[assembly].resources.items():
        if gates.waits(state.recovery):
            withdraw(turn, assembly, name)


def on_contact(turn: Turn, assembly: str) -> None:
    """The machine is in sight again: what has to verify gets time to be seen, ``silence`` seconds at most of what it had."""
    grace = turn.plan_of(assembly).monitor.silence
    for name, state in turn[assembly].resources.items():
        recovery = state.recovery
        if recovery is not None and recovery.phase is Phase.VERIFYING and recovery.until is not None:
            verify = turn.resource_plan(assembly, name).recovery.restart.verify
            until = max(recovery.until, turn.at + min(grace, verify))
            turn.update_resource(assembly, name, recovery=replace(recovery, until=until))


def block(turn: Turn, assembly: str, resource: str, reason: str) -> None:
    """A hard error: trying again cannot help (section 1). It is still probed, and one pass unblocks it."""
    state = turn.resource(assembly, resource)
    if state.blocked == reason or turn.desired is not Desired.RUNNING:
        return
    turn.update_resource(assembly, resource, blocked=reason, recovery=None, suppressed_by="")
    turn.decide(
        Decision("", Choice.BLOCK, "section 1", evidence=(reason,)), f"{reason}: blocked", assembly=assembly, resource=resource, alert=True
    )


def unblock(turn: Turn, assembly: str, resource: str) -> None:
    """The hard error is gone. What is still wrong with it counts from now on."""
    if turn.resource(assembly, resource).blocked:
        turn.update_resource(assembly, resource, blocked="")


def on_own_restart(turn: Turn, assembly: str, resource: str, restarts: int) -> None:
    """The machine's own supervisor tells how often it has restarted the service (NRestarts, section 1).

    Each growth is a failure that was recovered already: recorded, at most once per ``verify``; nothing is done until the window is full.
    """
    state, owner = turn.resource(assembly, resource), turn[assembly]
    turn.update_resource(assembly, resource, restarts=restarts)
    if state.restarts is None or restarts <= state.restarts or owner.stage is not Stage.UP:
        return
    if turn.desired is not Desired.RUNNING or owner.recovery is not None or state.recovery is not None or state.blocked:
        return
    if not pauses.counts(turn, assembly):
        return
    settings = turn.resource_plan(assembly, resource).recovery.restart
    if state.failures and turn.at - state.failures[-1] < settings.verify:
        return
    window = windows.append(state.failures, turn.at, settings)
    why = f"it failed and was restarted by systemd; {counted(len(window), settings.failures, settings.within)}"
    if windows.full(window, settings):
        turn.update_resource(assembly, resource, failures=())
        ladder.fail(turn, assembly, Rung.REBOOT, f"{resource}: {why}", resource=resource, persists=True)
        return
    turn.update_resource(assembly, resource, failures=window)
    turn.report("recovered", why, assembly=assembly, resource=resource)

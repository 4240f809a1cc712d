"""The lowest rung: restarting one resource (policy.md section 3).

Rules:
- One healthy→failed is one failure; failures while the recovery acts or verifies do not count.
- A restart begins on standing evidence only: while the resource is pending or unknown, or the machine is out of sight, it waits.
- A restart verifies when the resource is healthy by evidence taken after it; running out of time is one failure more.
- Nothing to restart, or a stop that fails or hangs, skips to the reboot, and the decision says so (rule 3.6).
- A failure that turns out to have another cause (a dependency, the machine itself) is taken out of the window again.
"""

from __future__ import annotations

from dpe.policy import dependencies, evidence, gates, ladder, pauses, records, repeating, windows
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from dpe.policy.wording import counted, duration, soon
from pcloud.model.actions import Decision, ProbeAgain, RestartResource
from pcloud.model.events import ActionFailed, ActionRefused, StopFailed
from pcloud.model.plan import ResourcePlan
from pcloud.model.state import Recovery
from pcloud.model.words import Choice, Desired, Health, OnExhausted, Phase, Rung, Stage


def attend(turn: Turn, assembly: str, resource: str) -> None:
    """See to a resource of an assembly that is up: it may have failed, or time may have brought something."""
    state = turn.resource(assembly, resource)
    if state.recovery is None and state.health is Health.FAILED and not state.blocked and not state.suppressed_by and not state.denied:
        on_failure(turn, assembly, resource)
        scheduled = turn.resource(assembly, resource).recovery
        if scheduled is not None and scheduled.phase is Phase.DELAYED and scheduled.until == turn.at and turn[assembly].recovery is None:
            open_up(turn, assembly, resource, scheduled)  # what stands in its way has just been looked at
        return
    if state.recovery is not None and turn[assembly].recovery is None:
        advance(turn, assembly, resource, state.recovery)


def on_failure(turn: Turn, assembly: str, resource: str) -> None:
    """It is failed, and nothing is on its way for it."""
    state, plan = turn.resource(assembly, resource), turn.resource_plan(assembly, resource)
    if state.exhausted and not (plan.recovery.on_exhausted is OnExhausted.RETRY and restartable(plan)):
        return
    if dependencies.being_restarted(turn, assembly, resource):
        return
    if not pauses.counts(turn, assembly):
        pauses.suppress(turn, Place(assembly, resource), state.reason)
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
    if state.recovery is not None or state.action is not None:
        turn.update_resource(assembly, resource, recovery=None, action=None)
    if state.blocked:  # a restart asked for by hand has not helped: what blocks it still does
        by_hand = state.recovery.decision if state.recovery is not None else ""
        turn.report("failed", f"{reason}; it is still blocked", assembly=assembly, resource=resource, decision=by_hand)
        return
    if not restartable(plan):
        ladder.fail(turn, assembly, Rung.REBOOT, f"{resource}: {reason}; nothing to restart", rule="section 3.6", resource=resource)
    elif state.exhausted or turn[assembly].exhausted:
        repeating.repeat(turn, assembly, plan, reason)
    else:
        window = windows.append(state.failures, turn.at, settings)
        if windows.escalates(window, settings, state.recoveries):
            turn.update_resource(assembly, resource, failures=())
            why = f"{resource}: {reason}; {counted(len(window), settings.failures, settings.within)}"
            ground = ladder.Ground(filled=(Rung.RESTART, len(window), settings.failures, settings.within))
            ladder.fail(turn, assembly, Rung.REBOOT, why, resource=resource, ground=ground)
            return
        schedule(turn, assembly, plan, reason, window)


def schedule(turn: Turn, assembly: str, plan: ResourcePlan, reason: str, window: tuple[float, ...]) -> None:
    """Decide the restart that the last failure in the window asks for."""
    settings, failures = plan.recovery.restart, len(window)
    wait = windows.delay(failures, settings)
    if wait > 0:
        wait *= turn.jitter(f"{assembly}/{plan.name}", failures)
    counters = (failures, settings.failures, settings.within)
    ends = settings.failures and failures + 1 >= settings.failures
    following = "reboot" if ends else "restart again"
    choice, doing, alert = gates.intended(turn, Place(assembly, plan.name), f"{repeating.restarting(plan)}{soon(wait)}", wait)
    made = Decision(turn.next_id(), choice, "section 3.2", Rung.RESTART, Rung.RESTART, *counters, (reason,), following, before=failures - 1)
    said = f"{reason}; {counted(*counters)}: {doing}"
    decision = turn.decide(made, said, assembly=assembly, resource=plan.name, alert=alert)
    recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at + wait, decision, *counters, reason=reason)
    turn.update_resource(assembly, plan.name, recovery=recovery, failures=window, decision="")


def advance(turn: Turn, assembly: str, resource: str, recovery: Recovery) -> None:
    """Do what time has brought: begin a restart whose delay is over, or give up on one that did not verify."""
    asks = recovery.phase is Phase.ASKING or recovery.phase is Phase.APPROVAL
    if not asks and (recovery.until is None or turn.at < recovery.until):
        return
    by = dependencies.cause(turn, assembly, resource)
    state = turn.resource(assembly, resource)
    if by and state.health is not Health.HEALTHY:
        withdraw(turn, assembly, resource)
        dependencies.suppress(turn, assembly, resource, by, recovery.reason)
    elif asks:
        gates.watch(turn, Place(assembly, resource), recovery)
    elif recovery.phase is Phase.VERIFYING and not pauses.counts(turn, assembly):
        turn.update_resource(assembly, resource, recovery=None)  # what still fails counts when the pause is over
    elif recovery.phase is Phase.VERIFYING:
        verify = turn.resource_plan(assembly, resource).recovery.restart.verify
        after = "the restart that was observed only" if recovery.observed else "its restart"
        count(turn, assembly, resource, f"not healthy {duration(verify)} after {after}{': ' + state.reason if state.reason else ''}")
    elif may_begin(turn, assembly, resource):
        open_up(turn, assembly, resource, recovery)


def open_up(turn: Turn, assembly: str, resource: str, recovery: Recovery) -> None:
    """A restart is due, and the evidence for it stands."""
    repeating.come_round(turn, assembly, turn.resource_plan(assembly, resource), recovery)
    if gates.opened(turn, Place(assembly, resource)):
        begin(turn, assembly, resource, recovery)


def may_begin(turn: Turn, assembly: str, resource: str) -> bool:
    """Whether the evidence for a restart still stands, and nothing is in its way."""
    failed = turn.resource(assembly, resource).health is Health.FAILED
    return failed and not dependencies.being_restarted(turn, assembly, resource) and pauses.counts(turn, assembly)


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
    patience = 2 * turn.resource_plan(assembly, target).action_limit  # a stop and a start, each with its own
    action = RestartResource(turn.next_id(), assembly, target, owner.instance.generation, patience)
    gates.remember(turn, Place(assembly, resource), Rung.RESTART)
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
        if turn.desired is Desired.RUNNING:
            records.withdrawn(
                turn, Place(assembly, resource), state.recovery, f"restart failed: {event.reason}; the machine does not answer"
            )
        return
    turn.update_resource(assembly, resource, action=None, recovery=None)
    if not pauses.counts(turn, assembly):
        return
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
    decision = state.recovery.decision if state.recovery is not None else state.decision
    if state.recovery is not None or state.exhausted or state.blocked or state.denied:
        acted = state.recovery is not None and not gates.waits(state.recovery) and not state.recovery.observed
        how = records.VERIFIED if acted else "recovered by itself"
        records.recovered(turn, Place(assembly, resource), decision, how, rung=Rung.RESTART)
    turn.update_resource(assembly, resource, recovery=None, exhausted=False, blocked="", suppressed_by="", denied="", decision="")


def on_lost(turn: Turn, assembly: str) -> None:
    """The machine is out of sight: what its resources waited for was perhaps its own failure (section 2)."""
    for name, state in turn[assembly].resources.items():
        if gates.waits(state.recovery):
            withdraw(turn, assembly, name)
            why = "the machine does not answer any more, and that is judged first: this failure counts for nothing"
            records.withdrawn(turn, Place(assembly, name), state.recovery, why)


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
    made = Decision(
        turn.next_id(), Choice.BLOCK, "section 1", Rung.RESTART, evidence=(reason,), next="nothing until it passes, or somebody says retry"
    )
    decision = turn.decide(made, f"{reason}: blocked", assembly=assembly, resource=resource, alert=True)
    turn.update_resource(assembly, resource, blocked=reason, recovery=None, suppressed_by="", decision=decision)


def unblock(turn: Turn, assembly: str, resource: str) -> None:
    """The hard error is gone. What is still wrong with it counts from now on."""
    state = turn.resource(assembly, resource)
    if state.blocked:
        turn.update_resource(assembly, resource, blocked="", decision="")
        records.recovered(turn, Place(assembly, resource), state.decision, "it passes: not blocked any more", rule="section 1")


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
        pauses.suppress(turn, Place(assembly, resource), "it failed and was restarted by systemd")
        return
    settings = turn.resource_plan(assembly, resource).recovery.restart
    if state.failures and turn.at - state.failures[-1] < settings.verify:
        return
    window = windows.append(state.failures, turn.at, settings)
    why = f"it failed and was restarted by systemd; {counted(len(window), settings.failures, settings.within)}"
    if windows.full(window, settings):
        turn.update_resource(assembly, resource, failures=())
        ground = ladder.Ground(persists=True, filled=(Rung.RESTART, len(window), settings.failures, settings.within))
        ladder.fail(turn, assembly, Rung.REBOOT, f"{resource}: {why}", resource=resource, ground=ground)
        return
    turn.update_resource(assembly, resource, failures=window)
    turn.report("recovered", why, assembly=assembly, resource=resource)

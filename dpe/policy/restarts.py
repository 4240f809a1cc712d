"""The lowest rung: restarting one resource (policy.md section 3).

Rules:
- One healthy→failed is one failure; failures while the recovery acts or verifies do not count.
- A restart verifies when the resource is healthy by evidence taken after it; running out of time is one failure more.
- Nothing to restart, or a stop that fails or hangs, skips to the reboot, and the decision says so (rule 3.6).
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy import dependencies, evidence, ladder, windows
from dpe.policy.turn import Turn
from dpe.policy.wording import counted, duration, soon
from pcloud.model.actions import Decision, ProbeAgain, RestartResource
from pcloud.model.events import ActionFailed, ActionRefused, StopFailed
from pcloud.model.plan import ResourcePlan
from pcloud.model.state import Recovery
from pcloud.model.words import Choice, Desired, Health, Phase, Rung, Stage


def on_failure(turn: Turn, assembly: str, resource: str, reason: str) -> None:
    """A resource has turned failed."""
    owner, state = turn[assembly], turn.resource(assembly, resource)
    if turn.desired is not Desired.RUNNING or owner.stage is not Stage.UP or owner.silence is not None or owner.recovery is not None:
        return
    if state.blocked or state.recovery is not None or dependencies.being_restarted(turn, assembly, resource):
        return
    by = dependencies.trouble(turn, assembly) or dependencies.sibling_trouble(turn, assembly, resource)
    if by:
        dependencies.suppress(turn, assembly, resource, by, reason)
        return
    count(turn, assembly, resource, reason)


def count(turn: Turn, assembly: str, resource: str, reason: str) -> None:
    """Count one failure of a resource and schedule what follows."""
    plan, state = turn.resource_plan(assembly, resource), turn.resource(assembly, resource)
    settings = plan.recovery.restart
    turn.update_resource(assembly, resource, recovery=None, action=None)
    if plan.agent is None and not plan.restarts:
        ladder.fail(turn, assembly, Rung.REBOOT, f"{resource}: {reason}; nothing to restart", rule="section 3.6", resource=resource)
        return
    window = windows.append(state.failures, turn.at, settings)
    if state.exhausted:
        wait = settings.max_delay
    elif windows.full(window, settings):
        turn.update_resource(assembly, resource, failures=())
        why = f"{resource}: {reason}; {counted(len(window), settings.failures, settings.within)}"
        ladder.fail(turn, assembly, Rung.REBOOT, why, resource=resource)
        return
    else:
        wait = windows.delay(len(window), settings) * turn.jitter(f"{assembly}/{resource}", len(window))
    turn.update_resource(assembly, resource, failures=window)
    schedule(turn, assembly, plan, reason, wait, len(window))


def schedule(turn: Turn, assembly: str, plan: ResourcePlan, reason: str, wait: float, failures: int) -> None:
    """Decide a restart ``wait`` seconds from now."""
    settings = plan.recovery.restart
    counters = (failures, settings.failures, settings.within)
    ends = settings.failures and failures + 1 >= settings.failures
    decision = turn.decide(
        Decision(
            "",
            Choice.ACT,
            "section 3.2",
            Rung.RESTART,
            Rung.RESTART,
            *counters,
            evidence=(reason,),
            next="reboot" if ends else "restart again",
        ),
        f"{reason}; {counted(*counters)}: restarting{(' ' + plan.restarts if plan.restarts else '')}{soon(wait)}",
        assembly=assembly,
        resource=plan.name,
    )
    recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at + wait, decision, *counters, reason=reason)
    turn.update_resource(assembly, plan.name, recovery=recovery)


def advance(turn: Turn, assembly: str, resource: str) -> None:
    """Do what time has brought: begin a restart whose delay is over, or give up on one that did not verify."""
    state = turn.resource(assembly, resource)
    recovery = state.recovery
    if recovery is None or recovery.until is None or turn.at < recovery.until:
        return
    if recovery.phase is Phase.DELAYED:
        begin(turn, assembly, resource, recovery)
    elif recovery.phase is Phase.VERIFYING:
        verify = turn.resource_plan(assembly, resource).recovery.restart.verify
        count(turn, assembly, resource, f"not healthy {duration(verify)} after its restart{': ' + state.reason if state.reason else ''}")


def begin(turn: Turn, assembly: str, resource: str, recovery: Recovery) -> None:
    """Order the restart."""
    plan, owner = turn.resource_plan(assembly, resource), turn[assembly]
    if owner.instance is None:
        raise ValueError(f"{assembly} has no instance to restart {resource} in")
    target = plan.restarts or resource
    patience = 2 * turn.resource_plan(assembly, target).action_timeout  # a stop and a start, each with its own
    action = RestartResource(turn.next_id(), assembly, target, owner.instance.generation, patience)
    history = ladder.remember(turn, assembly, turn.resource(assembly, resource).recoveries, resource)
    turn.update_resource(assembly, resource, recovery=ladder.acting(recovery), action=action, recoveries=history)
    turn.order(action)


def on_done(turn: Turn, assembly: str, resource: str) -> None:
    """The restart was done: from now on fresh evidence must show it healthy."""
    plan, state = turn.resource_plan(assembly, resource), turn.resource(assembly, resource)
    if state.recovery is None:
        return
    until = turn.at + plan.recovery.restart.verify
    for name in dict.fromkeys((plan.restarts or resource, resource)):
        evidence.forget_resource(turn, assembly, name, doubt=True)
    turn.update_resource(assembly, resource, action=None, recovery=replace(state.recovery, phase=Phase.VERIFYING, until=until))
    turn.order(ProbeAgain(assembly))


def on_action_failed(turn: Turn, assembly: str, resource: str, event: ActionFailed) -> None:
    """The restart failed: one more failure, unless the whole machine is silent or its evidence skips a rung."""
    turn.update_resource(assembly, resource, action=None, recovery=None)
    if turn[assembly].silence is not None or not turn[assembly].contact:
        return
    if isinstance(event, ActionRefused):
        block(turn, assembly, resource, event.reason)
    elif isinstance(event, StopFailed):
        why = f"{resource}: its stop failed: {event.reason}"
        ladder.fail(turn, assembly, Rung.REBOOT, why, rule="section 3.6", resource=resource)
    else:
        count(turn, assembly, resource, f"restart failed: {event.reason}")


def on_health(turn: Turn, assembly: str, resource: str) -> None:
    """A resource has turned healthy: whatever was on its way for it ends, unless its action is running."""
    state = turn.resource(assembly, resource)
    if state.recovery is not None and state.recovery.phase is Phase.ACTING:
        return
    decision = state.recovery.decision if state.recovery is not None else ""
    if state.recovery is not None or state.exhausted or state.blocked:
        how = "recovered by itself" if state.recovery is None or state.recovery.phase is Phase.DELAYED else "verified"
        turn.decide(
            Decision("", Choice.RECOVERED, "section 3.3", rung=Rung.RESTART, evidence=(decision,)),
            how,
            assembly=assembly,
            resource=resource,
        )
    turn.update_resource(assembly, resource, recovery=None, exhausted=False, blocked="", suppressed_by="")


def block(turn: Turn, assembly: str, resource: str, reason: str) -> None:
    """A hard error: trying again cannot help (section 1). It is still probed, and one pass unblocks it."""
    if turn.resource(assembly, resource).blocked == reason:
        return
    turn.update_resource(assembly, resource, blocked=reason, health=Health.FAILED, recovery=None, action=None)
    turn.decide(
        Decision("", Choice.BLOCK, "section 1", evidence=(reason,)), f"{reason}: blocked", assembly=assembly, resource=resource, alert=True
    )

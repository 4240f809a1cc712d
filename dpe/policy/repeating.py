"""What is exhausted (policy.md section 3.7): its restart alone comes round, at ``max_delay``, or nothing (``on_exhausted: stop``).

Rules: a repeat is decided, and recorded, when it begins; until then it carries the decision by which it was given up.
"""

from __future__ import annotations

from dpe.policy import gates
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from dpe.policy.wording import duration
from pcloud.model.actions import Decision
from pcloud.model.plan import ResourcePlan
from pcloud.model.state import Recovery
from pcloud.model.words import Choice, OnExhausted, Phase, Rung


def repeat(turn: Turn, assembly: str, plan: ResourcePlan, reason: str) -> None:
    """The ladder is exhausted: the restart comes round again."""
    settings = plan.recovery.restart
    if plan.recovery.on_exhausted is OnExhausted.STOP:
        give_up(turn, assembly, plan.name, reason)
        return
    given_up = turn.resource(assembly, plan.name).decision or turn[assembly].decision
    recovery = Recovery(Rung.RESTART, Phase.DELAYED, turn.at + settings.max_delay, given_up, within=settings.within, reason=reason)
    turn.update_resource(assembly, plan.name, recovery=recovery, exhausted=True, decision=given_up)


def give_up(turn: Turn, assembly: str, resource: str, reason: str) -> None:
    """It has failed on a machine that is exhausted, and there only somebody's word begins anything (``on_exhausted: stop``)."""
    made = Decision(turn.next_id(), Choice.EXHAUSTED, "section 3.7", evidence=(reason,), next="nothing until the operator says retry")
    decision = turn.decide(made, f"{reason}; {assembly} is exhausted", assembly=assembly, resource=resource, alert=True)
    turn.update_resource(assembly, resource, exhausted=True, decision=decision)


def come_round(turn: Turn, assembly: str, plan: ResourcePlan, recovery: Recovery) -> None:
    """The restart of what is exhausted is due: decide it, once."""
    state, settings = turn.resource(assembly, plan.name), plan.recovery.restart
    if not state.exhausted or recovery.phase is not Phase.DELAYED or recovery.decision != state.decision:
        return
    choice, doing, alert = gates.intended(turn, Place(assembly, plan.name), restarting(plan))
    following = f"restart again after {duration(settings.max_delay)}"
    decision = turn.decide(
        Decision(turn.next_id(), choice, "section 3.7", Rung.RESTART, Rung.RESTART, evidence=(recovery.reason,), next=following),
        f"{recovery.reason}; exhausted: {doing}",
        assembly=assembly,
        resource=plan.name,
        alert=alert,
    )
    turn.update_resource(assembly, plan.name, recovery=replace(recovery, decision=decision))


def restarting(plan: ResourcePlan) -> str:
    """What a restart of it is called."""
    return f"restarting{' ' + plan.restarts if plan.restarts else ''}"

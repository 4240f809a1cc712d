"""Going on from the store after the controller was away (policy.md sections 5 and 8).

Rules:
- Every open action is ordered again under its own id: actions are idempotent, and their answers may have been lost.
- Every deadline starts again: time in which nobody looked proves nothing. A delay that ran meanwhile has run.
- What was known of contact and probes is known no more; windows and recoveries stay. A silence begins anew, without its witnesses.
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy import evidence
from dpe.policy.turn import Turn
from pcloud.model.state import AssemblyState, Silence
from pcloud.model.words import Phase


def on_resumed(turn: Turn) -> None:
    """A new process takes over."""
    for name, state in turn.assemblies.items():
        resume_assembly(turn, name, state)
    turn.report("resumed", "the controller has started and goes on from the store")


def resume_assembly(turn: Turn, name: str, state: AssemblyState) -> None:
    """Start its clocks again and repeat what is open."""
    silence = state.silence
    if silence is not None:
        silence = Silence(turn.at, silence.last_seen, silence.reason, ask_at=turn.at)
    turn.update(name, contact=False, silence=silence, held="", unclear_since=turn.at if state.unclear else None)
    if state.until is not None:
        turn.update(name, until=turn.at + (state.until - state.since), since=turn.at)
    for action in (state.action, state.discard):
        if action is not None:
            turn.order(action)
    for resource, each in state.resources.items():
        evidence.forget_resource(turn, name, resource, doubt=False)
        if each.recovery is not None and each.recovery.phase is Phase.VERIFYING:
            verify = turn.resource_plan(name, resource).recovery.restart.verify
            turn.update_resource(name, resource, recovery=replace(each.recovery, until=turn.at + verify))
        if each.action is not None:
            turn.order(each.action)

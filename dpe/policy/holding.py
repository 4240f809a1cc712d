"""A silence on which nothing is done: said once, with what it waits for (policy.md sections 2 and 4)."""

from __future__ import annotations

from dpe.policy.altering import replace
from dpe.policy.sights import ANCHOR_PATIENCE, sights_text
from dpe.policy.turn import Turn
from dpe.policy.wording import duration
from pcloud.model.actions import Decision
from pcloud.model.state import Silence
from pcloud.model.words import Choice


def hold(turn: Turn, assembly: str, word: str, evidence: str, lasted: str) -> None:
    """Do nothing, and say so once for each kind of reason: what a peer says may change with every question."""
    state = turn[assembly]
    if state.held == word:
        return
    reason = f"{word}: {evidence}" if evidence else word
    seen = (lasted, *sights_text(turn, assembly), *((evidence,) if evidence else ()))
    made = Decision(turn.next_id(), Choice.HOLD, "section 4", evidence=seen, next=waited_for(turn, assembly, word))
    carried = state.recovery.decision if state.recovery is not None else ""
    decision = turn.decide(made, reason, assembly=assembly, alert=True, of=carried)
    turn.update(assembly, held=word, reason=reason, decision=carried or decision)


def waited_for(turn: Turn, assembly: str, word: str) -> str:
    """What a hold waits for, in words."""
    patience = turn.plan_of(assembly).monitor.silence
    match word:
        case "unreachable":
            return f"it is judged when nobody has had an answer for {duration(patience)}"
        case "external stop":
            return "nothing until it answers, or somebody asks for it"
        case "no second sight":
            return f"a peer, the cloud, or after {duration(ANCHOR_PATIENCE * patience)} of silence an anchor must agree that it is dead"
        case _:
            return "it is judged again when the cloud says something else"


def suppress(turn: Turn, assembly: str, silence: Silence, by: str, lasted: str) -> None:
    """A dependency's trouble explains the silence (section 2): it counts for nothing, which is said once for each dependency."""
    if silence.suppressed_by == by:
        return
    made = Decision(
        turn.next_id(), Choice.SUPPRESS, "section 2", evidence=(lasted,), next=f"it is judged when {by} is healthy, blocked or held"
    )
    state = turn[assembly]
    carried = state.recovery.decision if state.recovery is not None else ""
    decision = turn.decide(made, f"{lasted}; suppressed by {by}", assembly=assembly, of=carried)
    turn.update(assembly, silence=replace(silence, suppressed_by=by), decision=carried or decision)

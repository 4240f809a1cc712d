"""The controller's own way out: when checks from here fail at once in many places, they say nothing (policy.md section 5).

Rules: every deployable that has such checks is told once when it is first heard of, and whenever the answer is another; what a DPE has
stored of an earlier controller's doubt is so put right.
"""

from __future__ import annotations

from cpe.policy.limits import way_out_doubtful
from cpe.policy.turn import Turn
from cpe.policy.words import Notice, Notices
from pcloud.model.guards import OutsideDoubt


def judge_outside(turn: Turn, name: str) -> None:
    """Doubt begins or ends for all; else ``name``, which stands otherwise now, may have to be told how it is."""
    if turn.gathering:
        return
    doubted = way_out_doubtful(turn.failing, turn.outside)
    if doubted == turn.doubted:
        tell_doubt(turn, name)
        return
    turn.doubted = doubted
    turn.words.append(Notice(Notices.OUTSIDE_DOUBTED if doubted else Notices.OUTSIDE_TRUSTED, numbers=numbers(turn)))
    for each in turn.seats:
        tell_doubt(turn, each)


def tell_doubt(turn: Turn, name: str) -> None:
    """Tell it to a deployable that has such checks and was told otherwise, or nothing yet."""
    ward = turn.ward(name)
    if ward.seat is not None and ward.doubt is not turn.doubted:
        turn.update_ward(name, doubt=turn.doubted)
        turn.tell(name, OutsideDoubt(turn.doubted, numbers(turn)))


def numbers(turn: Turn) -> str:
    """How many fail, in words."""
    return f"checks from the controller fail on {turn.failing} of {turn.outside} assemblies that have such"

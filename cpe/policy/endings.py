"""Recoveries that do not verify: when those of three different deployables in a row did not, an infrastructure is frozen.

Rules (policy.md section 5): it is released by one recovery that was tried alone, once it verifies. Alone is one that begins when nothing
else is in flight, whoever let it begin: the guards as a trial, the operator, or a cloud that condemned the machine. Per infrastructure, all
zones: an outcome names no zone, and what fails in three of them has its cause above them.
"""

from __future__ import annotations

from dataclasses import replace

from cpe.policy.limits import ALERT_AFTER, TRIAL_PAUSE, UNVERIFIED
from cpe.policy.state import Freeze, Region
from cpe.policy.turn import Turn
from cpe.policy.words import Notice, Notices
from pcloud.model.guards import Standing
from pcloud.model.words import Guard


def on_ended(turn: Turn, infrastructure: str, standing: Standing) -> None:
    """A recovery above a restart has ended in an infrastructure."""
    verified = standing.outcome is not None and standing.outcome[1]
    name, region = standing.deployable, turn.region(infrastructure)
    if region.freeze is not None:
        on_ended_in_freeze(turn, infrastructure, region.freeze, name, verified=verified)
        return
    others = tuple(each for each in region.endings if each[0] != name)
    endings = ((name, verified), *others)[:UNVERIFIED]
    turn.update_region(infrastructure, endings=endings)
    if unverified_in_a_row(turn.region(infrastructure)) >= UNVERIFIED:
        freeze = Freeze(turn.at, tuple(each for each, _ in reversed(endings)))
        turn.update_region(infrastructure, freeze=freeze)
        turn.words.append(Notice(Notices.FROZEN, infrastructure, guard=Guard.UNVERIFIED, numbers=culprits_text(freeze)))


def on_ended_in_freeze(turn: Turn, infrastructure: str, freeze: Freeze, name: str, *, verified: bool) -> None:
    """What the trial came to; others say nothing."""
    if freeze.trial != name:
        return
    if verified:  # the row begins anew: what did not verify before the release must not be held against what comes after it
        turn.update_region(infrastructure, freeze=None, endings=())
        turn.words.append(Notice(Notices.RELEASED, infrastructure, guard=Guard.UNVERIFIED, numbers=f"{name} was tried alone and verified"))
    else:
        turn.update_region(infrastructure, freeze=replace(freeze, trial="", pause=turn.at + TRIAL_PAUSE))


def unverified_in_a_row(region: Region) -> int:
    """How many different deployables' last recoveries did not verify, since the last that did."""
    count = 0
    for _, verified in region.endings:
        if verified:
            break
        count += 1
    return count


def culprits_text(freeze: Freeze) -> str:
    """Why it is frozen, in words."""
    return f"the last recoveries of {', '.join(freeze.culprits)} did not verify"


def alert_of_freeze(turn: Turn, infrastructure: str) -> None:
    """Alert once, when it has lasted."""
    freeze = turn.region(infrastructure).freeze
    if freeze is not None and not freeze.alerted and turn.at >= freeze.since + ALERT_AFTER:
        turn.update_region(infrastructure, freeze=replace(freeze, alerted=True))
        numbers = f"{culprits_text(freeze)}; for {ALERT_AFTER:g}s now"
        turn.words.append(Notice(Notices.FROZEN, infrastructure, guard=Guard.UNVERIFIED, numbers=numbers, alert=True))

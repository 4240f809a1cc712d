"""One function oversees: ``oversee(state, fact) -> (state, words, wake_at)`` (policy.md section 5, architecture.md).

Rules: pure, no clock, no I/O, no randomness, no logging; the same facts give the same words, whatever the hashes. What one fact costs grows
with its own deployable, and with the infrastructures, zones and lanes that there are, not with the deployables nor with who waits, except
where all of them must hear something.
"""

from __future__ import annotations

from collections.abc import Iterator

from cpe.policy.claims import count_earlier, counts, lapse
from cpe.policy.endings import alert_of_freeze
from cpe.policy.latches import judge_place, latch_wake
from cpe.policy.limits import ALERT_AFTER, MINUTE
from cpe.policy.outside import judge_outside
from cpe.policy.queues import forget_all, on_asked, on_given_back, repark, settle_queues
from cpe.policy.standings import on_left, on_stood
from cpe.policy.state import Key, Oversight
from cpe.policy.turn import Turn
from cpe.policy.words import Asked, Attended, Fact, Gathered, Gathering, GivenBack, Left, Stood, Ticked, Word

Step = tuple[Oversight, tuple[Word, ...], float | None]


def oversee(state: Oversight, fact: Fact) -> Step:
    """What follows from one fact: the next state, what to say to whom, and when to look again (None: not before the next fact)."""
    if isinstance(fact, Stood):
        ward = state.wards.get(fact.standing.deployable)
        if ward is not None and ward.standing == fact.standing and not due(state, fact.at):
            return state, (), state.wake_at
    turn = Turn(state, fact.at)
    take_in(turn, fact)
    if turn.gathering:
        turn.early = (*turn.early, *turn.fresh)
        return turn.finish(None), tuple(turn.words), None
    if due(state, fact.at):
        look_everywhere(turn)
    for place in turn.places_seen:
        judge_place(turn, place)
        turn.regions_seen[place.infrastructure] = None
    for infrastructure in list(turn.regions_seen):
        drop_old_relaunches(turn, infrastructure)
        alert_of_freeze(turn, infrastructure)
    settle_queues(turn)
    wake = min(wakes(turn), default=None)
    return turn.finish(wake), tuple(turn.words), wake


def due(state: Oversight, at: float) -> bool:
    """Whether time alone has changed something."""
    return state.wake_at is not None and at >= state.wake_at


def take_in(turn: Turn, fact: Fact) -> None:
    """Write down what the fact says. A permit that is shown in use at the moment when it would lapse was used in time."""
    if not isinstance(fact, Stood):
        end_unused(turn)
    match fact:
        case Stood(standing=standing):
            on_stood(turn, standing)
            repark(turn, standing.deployable)
            end_unused(turn)
            judge_outside(turn, standing.deployable)
        case Attended(deployable=name, relaunched=relaunched):
            forget_all(turn, name)
            if turn.gathering:
                count_earlier(turn, name, relaunched)
            turn.update_ward(name, doubt=None)
            judge_outside(turn, name)
        case Left(deployable=name):
            forget_all(turn, name)
            on_left(turn, name)
            judge_outside(turn, name)
        case Asked(request=request):
            on_asked(turn, request)
        case GivenBack(deployable=name, permit=permit):
            on_given_back(turn, Key(name, permit))
        case Gathering():
            turn.gathering = True
        case Gathered():
            begin_to_judge(turn)
        case Ticked():
            pass


def begin_to_judge(turn: Turn) -> None:
    """Everything is judged, and everybody who has asked meanwhile is to hear something."""
    turn.gathering = False
    look_everywhere(turn)
    for name in turn.seats:
        judge_outside(turn, name)
    turn.fresh.update(dict.fromkeys(key for key in turn.early if key.recovery in turn.ward(key.deployable).waiting))
    turn.early = ()


def end_unused(turn: Turn) -> None:
    """End the permits whose 10 s are over; their deployables' other requests may go on."""
    for name in lapse(turn):
        repark(turn, name)


def look_everywhere(turn: Turn) -> None:
    """Time has come to something: infrastructures and zones are few."""
    for place in turn.groups:
        turn.places_seen[place] = None
    for infrastructure in turn.regions:
        turn.regions_seen[infrastructure] = None


def drop_old_relaunches(turn: Turn, infrastructure: str) -> None:
    """Forget what is more than a minute ago."""
    relaunches = turn.region(infrastructure).relaunches
    kept = {key: each for key, each in relaunches.items() if counts(each, turn.at)}
    if len(kept) < len(relaunches):
        turn.update_region(infrastructure, relaunches=kept)


def wakes(turn: Turn) -> Iterator[float]:
    """The moments at which time alone changes something."""
    for group in turn.groups.values():
        yield from latch_wake(group.storm)
        yield from latch_wake(group.silence)
    for region in turn.regions.values():
        yield from list(region.pending.values())[:1]
        if turn.queues:
            yield from (each.at + MINUTE for each in region.relaunches.values() if each.at is not None and counts(each, turn.at))
        if region.freeze is not None:
            if not region.freeze.alerted:
                yield region.freeze.since + ALERT_AFTER
            if turn.queues and region.freeze.pause > turn.at:
                yield region.freeze.pause

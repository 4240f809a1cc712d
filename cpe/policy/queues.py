"""Requests: who waits, in which order, who is let through, and who must hear of it.

Rules (policy.md sections 5 and 8): the oldest request that no guard holds goes first. Requests that the same guards judge alike stand in
one lane, so that a storm over thousands of them is judged once; those whose own deployable is busy are parked beside the lanes. A request
is answered when it is asked, and again when it is granted or another guard holds it: numbers alone are no news.
"""

from __future__ import annotations

from dataclasses import replace

from cpe.policy.claims import end_permit, in_flight, reclaim, relaunching
from cpe.policy.gates import Behind, holding, keep_for, regions_of, verdicts
from cpe.policy.limits import PER_DEPLOYABLE
from cpe.policy.state import Key, Lane, Permit, Place, Queue, Waiting, Ward
from cpe.policy.turn import Turn
from pcloud.model.guards import PermitAnswer, PermitRequest
from pcloud.model.words import Guard, Rung


def lane_of(ward: Ward, request: PermitRequest) -> Lane:
    """Where it acts: a deployable's relaunch wherever its assemblies are, anything else in one place."""
    restart = request.rung is Rung.RESTART
    if restart:
        return Lane(restart, condemned=False, places=(Place(request.infrastructure, ""),), loads=())
    at = Place(request.infrastructure, request.zone)
    assemblies = ward.standing.assemblies if ward.standing is not None else ()
    if request.rung is not Rung.RELAUNCH_DEPLOYABLE or not assemblies:
        loads = ((request.infrastructure, 1),) if relaunching(request.rung) else ()
        return Lane(restart, request.condemned, (at,), loads)
    counts: dict[str, int] = {}
    for each in assemblies:
        counts[each.infrastructure] = counts.get(each.infrastructure, 0) + 1
    places = dict.fromkeys((at, *sorted(Place(each.infrastructure, each.zone) for each in assemblies)))
    return Lane(restart, request.condemned, tuple(places), tuple(sorted(counts.items())))


def on_asked(turn: Turn, request: PermitRequest) -> None:
    """A request; under an id that is known already it is answered again, and keeps its place."""
    key = Key(request.deployable, request.permit)
    permit = turn.ward(key.deployable).permits.get(key.recovery)
    if permit is not None and (permit.used or same(permit.request, request)):
        turn.tell(key.deployable, PermitAnswer(key.recovery, granted=True, guards=permit.guards))
        return
    if permit is not None:
        end_permit(turn, key)
        repark(turn, key.deployable)
    known = turn.ward(key.deployable).waiting.get(key.recovery)
    if known is not None:
        forget(turn, key)
    number = known.number if known is not None else turn.next_number()
    enter(turn, key, Waiting(request, lane_of(turn.ward(key.deployable), request), number, parked=False))


def same(one: PermitRequest, other: PermitRequest) -> bool:
    """Whether it is the same that would be done; what the cloud says of the machine may have changed since."""
    return replace(one, condemned=other.condemned) == other


def enter(turn: Turn, key: Key, waiting: Waiting) -> None:
    """Stand in a lane, or beside them; to be answered in any case."""
    ward = turn.ward(key.deployable)
    parked = not waiting.lane.restart and in_flight(ward) >= PER_DEPLOYABLE
    turn.update_ward(key.deployable, waiting={**ward.waiting, key.recovery: replace(waiting, parked=parked)})
    turn.fresh[key] = None
    if not parked:
        queue = turn.queues.get(waiting.lane, Queue())
        turn.queues[waiting.lane] = replace(queue, row=queue.row.having(waiting.number, key))
    for infrastructure in regions_of(waiting.lane):
        turn.regions_seen[infrastructure] = None


def forget(turn: Turn, key: Key) -> None:
    """A request is not waited for any more."""
    ward = turn.ward(key.deployable)
    waiting = ward.waiting[key.recovery]
    turn.update_ward(key.deployable, waiting={name: each for name, each in ward.waiting.items() if name != key.recovery})
    turn.fresh.pop(key, None)
    leave_lane(turn, waiting)


def leave_lane(turn: Turn, waiting: Waiting) -> None:
    """Step out of the lane, if it stands in one; others may have waited behind it."""
    if waiting.parked:
        return
    queue = turn.queues.pop(waiting.lane)
    row = queue.row.lacking(waiting.number)
    if row:
        turn.queues[waiting.lane] = replace(queue, row=row)
    for infrastructure in regions_of(waiting.lane):
        turn.regions_seen[infrastructure] = None


def on_given_back(turn: Turn, key: Key) -> None:
    """What is waited for is forgotten, what was granted and not used is free again; what is in use ends by the standing."""
    ward = turn.ward(key.deployable)
    if key.recovery in ward.waiting:
        forget(turn, key)
    permit = ward.permits.get(key.recovery)
    if permit is not None and not permit.used:
        end_permit(turn, key)
        repark(turn, key.deployable)


def forget_all(turn: Turn, name: str) -> None:
    """Nothing that was asked for a deployable counts any more, nor what was granted and not used."""
    for recovery in [*turn.ward(name).waiting, *turn.ward(name).permits]:
        on_given_back(turn, Key(name, recovery))


def repark(turn: Turn, name: str) -> None:
    """A deployable's requests wait beside the lanes while it is busy, and step in again, at their age, when it is not."""
    ward = turn.ward(name)
    if not ward.waiting:
        return
    busy = in_flight(ward) >= PER_DEPLOYABLE
    for recovery, waiting in ward.waiting.items():
        if waiting.parked != busy and not waiting.lane.restart:
            leave_lane(turn, waiting)
            enter(turn, Key(name, recovery), replace(waiting, lane=lane_of(turn.ward(name), waiting.request)))


def settle_queues(turn: Turn) -> None:
    """Let through whom no guard holds any more, in the infrastructures where something changed; answer who must hear."""
    while True:
        behind: Behind = {}
        guards: dict[Lane, Guard] = {}
        for lane in lanes_to_judge(turn):
            guard = holding(turn, lane, behind)
            if guard is None:
                grant(turn, lane, turn.queues[lane].row.first[1])
                break
            keep_for(behind, lane, guard)
            guards[lane] = guard
        else:
            answer_held(turn, guards)
            return


def lanes_to_judge(turn: Turn) -> list[Lane]:
    """The lanes that act where something changed, oldest request first; one that spans infrastructures is judged with all of them."""
    lanes: dict[Lane, None] = {}
    seen = -1
    while len(turn.regions_seen) > seen:
        seen = len(turn.regions_seen)
        for lane in turn.queues:
            if any(place.infrastructure in turn.regions_seen for place in lane.places):
                lanes[lane] = None
                turn.regions_seen.update(dict.fromkeys(regions_of(lane)))
    return sorted(lanes, key=lambda lane: turn.queues[lane].row.first[0])


def grant(turn: Turn, lane: Lane, key: Key) -> None:
    """Let the oldest of a lane begin."""
    request = turn.ward(key.deployable).waiting[key.recovery].request
    guards = verdicts(turn, lane, in_flight(turn.ward(key.deployable)), None)
    forget(turn, key)
    permits = {**turn.ward(key.deployable).permits, key.recovery: Permit(request, lane, guards, turn.at)}
    turn.update_ward(key.deployable, permits=permits)
    reclaim(turn, key.deployable)
    repark(turn, key.deployable)
    turn.tell(key.deployable, PermitAnswer(key.recovery, granted=True, guards=guards))


def answer_held(turn: Turn, guards: dict[Lane, Guard]) -> None:
    """Tell those whom another guard holds than before, and those who are new where they stand."""
    for lane, guard in guards.items():
        queue = turn.queues[lane]
        if queue.guard is not guard:
            turn.queues[lane] = replace(queue, guard=guard)
            for key in queue.row:
                turn.fresh[key] = None
    texts: dict[Lane, PermitAnswer] = {}
    for key in turn.fresh:
        waiting = turn.ward(key.deployable).waiting[key.recovery]
        if waiting.parked:
            own = verdicts(turn, waiting.lane, in_flight(turn.ward(key.deployable)), Guard.DEPLOYABLE_CAP)
            turn.tell(key.deployable, PermitAnswer(key.recovery, granted=False, guards=own))
            continue
        if waiting.lane not in texts:  # the same for all in a lane: their deployables have nothing in flight
            guards_now = verdicts(turn, waiting.lane, 0, turn.queues[waiting.lane].guard)
            texts[waiting.lane] = PermitAnswer("", granted=False, guards=guards_now)
        turn.tell(key.deployable, replace(texts[waiting.lane], permit=key.recovery))

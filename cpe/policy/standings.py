"""Takes in how deployables stand: counts per zone, what is in flight, how recoveries ended, who has checks from here.

Rules: a standing is compared with the one before, and only what is another is counted again; one that is the same changes nothing.
"""

from __future__ import annotations

from cpe.policy.claims import reclaim, recovery_of, used_permits
from cpe.policy.endings import on_ended
from cpe.policy.state import Place, Ward
from cpe.policy.turn import Turn
from pcloud.model.guards import AssemblyStanding, Standing

Assemblies = tuple[AssemblyStanding, ...]


def on_stood(turn: Turn, standing: Standing) -> None:
    """A deployable stands like this now."""
    name = standing.deployable
    ward = turn.ward(name)
    if standing == ward.standing:
        return
    before = ward.standing.assemblies if ward.standing is not None else ()
    for infrastructure in ended_in(ward, standing):
        on_ended(turn, infrastructure, standing)
    tally(turn, before, standing.assemblies)
    tally_outside(turn, name, before, standing.assemblies)
    turn.update_ward(name, standing=standing, permits=used_permits(ward, standing))
    reclaim(turn, name)


def on_left(turn: Turn, name: str) -> None:
    """There is no such deployable any more; how its recoveries ended remains true."""
    ward = turn.ward(name)
    before = ward.standing.assemblies if ward.standing is not None else ()
    tally(turn, before, ())
    tally_outside(turn, name, before, ())
    turn.update_ward(name, standing=None, permits={})
    reclaim(turn, name)
    turn.wards = turn.wards.lacking(name)


def ended_in(ward: Ward, standing: Standing) -> list[str]:
    """The infrastructures in which a recovery has ended just now: those where one was in flight, else all that the deployable is on.

    Where nothing is known of the deployable yet, one that verified is no news; one that did not must be assumed to be the last.
    """
    known = ward.standing.outcome if ward.standing is not None else None
    if standing.outcome is None or standing.outcome == known or (ward.standing is None and standing.outcome[1]):
        return []
    before = ward.standing.assemblies if ward.standing is not None else ()
    flown = [each.infrastructure for each in before if recovery_of(each)]
    return list(dict.fromkeys(flown or (each.infrastructure for each in standing.assemblies)))


def tally(turn: Turn, before: Assemblies, now: Assemblies) -> None:
    """Count what is another, by zone."""
    changes: dict[Place, list[int]] = {}
    for assemblies, sign in ((before, -1), (now, 1)):
        for each in assemblies:
            change = changes.setdefault(Place(each.infrastructure, each.zone), [0, 0, 0])
            change[0] += sign
            change[1] += sign * each.unhealthy
            change[2] += sign * (each.silent and each.active)
    for place, (assemblies_more, unhealthy, mute) in changes.items():
        turn.regions_seen[place.infrastructure] = None
        if assemblies_more or unhealthy or mute:
            group = turn.group(place)
            turn.update_group(
                place,
                assemblies=group.assemblies + assemblies_more,
                unhealthy=group.unhealthy + unhealthy,
                mute=group.mute + mute,
            )
            turn.places_seen[place] = None


def tally_outside(turn: Turn, name: str, before: Assemblies, now: Assemblies) -> None:
    """Count the assemblies with checks from here; keep a list of the deployables that have such."""
    had, has = sum(each.outside for each in before), sum(each.outside for each in now)
    turn.outside += has - had
    turn.failing += failing(now) - failing(before)
    seat = turn.ward(name).seat
    if has and seat is None:
        seat = turn.next_number()
        turn.seats = turn.seats.having(seat, name)
        turn.update_ward(name, seat=seat)
    elif not has and seat is not None:
        turn.seats = turn.seats.lacking(seat)
        turn.update_ward(name, seat=None)


def failing(assemblies: Assemblies) -> int:
    """Assemblies of whose checks from here one fails."""
    return sum(each.outside and each.outside_failing for each in assemblies)

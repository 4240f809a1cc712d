"""What is in flight: claims upon the caps, from standings and from permits that were granted and are not used yet.

Rules (policy.md sections 5 and 8): a permit counts from its grant on; it ends when a standing that showed it shows it no more, when it is
given back, or unused after 10 s. A recovery by hand carries no permit and counts like any other. A relaunch counts in the minute that
begins when it begins; a permit for one counts until then, whatever time it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from cpe.policy.limits import MINUTE, RELAUNCHES
from cpe.policy.state import Claim, Key, Permit, Region, Relaunching, Ward
from cpe.policy.turn import Turn
from pcloud.model.guards import PERMIT_HOLDS, AssemblyStanding, Relaunched, Standing
from pcloud.model.words import Rung

T = TypeVar("T")

Claims = dict[tuple[str, Key], Claim]


def recovery_of(assembly: AssemblyStanding) -> str:
    """What identifies a recovery in flight within its deployable; one by hand has no permit. Empty: there is none."""
    if assembly.rung is None or assembly.rung is Rung.RESTART:
        return ""
    by_hand = str(assembly.rung) if assembly.rung is Rung.RELAUNCH_DEPLOYABLE else f"by hand: {assembly.assembly}"
    return assembly.permit or by_hand


def shown(standing: Standing) -> frozenset[str]:
    """The permits that are in use."""
    return frozenset(permit for each in standing.assemblies for permit in (recovery_of(each), *each.restarts))


def used_permits(ward: Ward, standing: Standing) -> dict[str, Permit]:
    """The permits of a deployable that stands like this: those in use are used, those that were in use are over."""
    if not ward.permits:
        return ward.permits
    in_use = shown(standing)
    kept = {name: permit for name, permit in ward.permits.items() if name in in_use or not permit.used}
    return {name: replace(permit, used=True) if name in in_use and not permit.used else permit for name, permit in kept.items()}


def relaunching(rung: Rung) -> bool:
    """Whether it makes new machines."""
    return rung.height >= Rung.RELAUNCH.height


def claims_of(name: str, ward: Ward) -> Claims:
    """All that a deployable has in flight, by infrastructure and recovery."""
    claims: Claims = {}
    for each in ward.standing.assemblies if ward.standing is not None else ():
        if recovery := recovery_of(each):
            load = 1 if each.rung is not None and relaunching(each.rung) else 0
            add(claims, each.infrastructure, Key(name, recovery), Claim((each.zone,), load, restart=False, begun=True))
        for permit in each.restarts:
            add(claims, each.infrastructure, Key(name, permit), Claim((each.zone,), 0, restart=True, begun=True))
    for permit, held in ward.permits.items():
        add_permit(claims, Key(name, permit), held)
    return claims


def add(claims: Claims, infrastructure: str, key: Key, claim: Claim) -> None:
    """One more machine of a recovery."""
    before = claims.get((infrastructure, key))
    if before is not None:
        zones = tuple(dict.fromkeys((*before.zones, *claim.zones)))
        claim = Claim(zones, before.load + claim.load, claim.restart, claim.begun)
    claims[infrastructure, key] = claim


def add_permit(claims: Claims, key: Key, permit: Permit) -> None:
    """What was granted counts wherever it was granted for, also while the standing shows less."""
    loads = dict(permit.lane.loads)
    for infrastructure in dict.fromkeys(place.infrastructure for place in permit.lane.places):
        zones = [place.zone for place in permit.lane.places if place.infrastructure == infrastructure]
        seen = claims.get((infrastructure, key))
        load = max(loads.get(infrastructure, 0), seen.load if seen else 0)
        claims[infrastructure, key] = Claim(
            tuple(dict.fromkeys((*zones, *(seen.zones if seen else ())))), load, permit.lane.restart, permit.used
        )


def reclaim(turn: Turn, name: str) -> None:
    """Bring the infrastructures' books up to a deployable's."""
    ward = turn.ward(name)
    before, now = ward.claims, claims_of(name, ward)
    if before == now:
        return
    turn.update_ward(name, claims=now)
    for (infrastructure, key), claim in before.items():
        if (infrastructure, key) not in now:
            close(turn, infrastructure, key, claim)
    for (infrastructure, key), claim in now.items():
        old = before.get((infrastructure, key))
        if old != claim:
            write(turn, infrastructure, key, old, claim)


def close(turn: Turn, infrastructure: str, key: Key, claim: Claim) -> None:
    """It is over. What never began was never relaunched."""
    region = turn.region(infrastructure)
    freeze = region.freeze
    flights = without(region.flights, key)
    if freeze is not None and freeze.trial == key.deployable and not any(each.deployable == key.deployable for each in flights):
        freeze = replace(freeze, trial="")
    turn.update_region(
        infrastructure,
        flights=flights,
        restarts=without(region.restarts, key),
        pending=without(region.pending, key),
        relaunches=region.relaunches if claim.begun else without(region.relaunches, key),
        freeze=freeze,
    )


def write(turn: Turn, infrastructure: str, key: Key, old: Claim | None, claim: Claim) -> None:
    """It was granted, has begun, or is larger than before."""
    region = turn.region(infrastructure)
    if claim.begun:
        pending = without(region.pending, key)
    else:
        pending = {**region.pending, key: turn.ward(key.deployable).permits[key.recovery].at + PERMIT_HOLDS}
    relaunches = relaunched(region, key, old, claim, turn.at)
    if claim.restart:
        turn.update_region(infrastructure, restarts={**region.restarts, key: claim}, pending=pending)
        return
    flights = {**region.flights, key: claim}
    freeze = region.freeze
    if freeze is not None and old is None and len(flights) == 1:
        freeze = replace(freeze, trial=key.deployable)
    turn.update_region(infrastructure, flights=flights, pending=pending, relaunches=relaunches, freeze=freeze)


def relaunched(region: Region, key: Key, old: Claim | None, claim: Claim, at: float) -> dict[Key, Relaunching]:
    """The book of relaunches after this claim; machines that join later count from then on, together with the others of it."""
    if claim.load == 0:
        return region.relaunches
    if not claim.begun:
        return {**region.relaunches, key: Relaunching(None, claim.load)}
    more = claim.load - (old.load if old is not None and old.begun else 0)
    if more <= 0:
        return region.relaunches
    earlier = region.relaunches.get(key)
    load = more + earlier.load if earlier is not None and counts(earlier, at) and earlier.at is not None else more
    return {**region.relaunches, key: Relaunching(at, load)}


def count_earlier(turn: Turn, name: str, relaunched: Sequence[Relaunched]) -> None:
    """What an earlier controller relaunched: the minute does not begin anew because somebody was killed."""
    for number, each in enumerate(relaunched):
        region = turn.region(each.infrastructure)
        entry = {Key(name, f"earlier {number}"): Relaunching(turn.at - each.ago, 1)}
        turn.update_region(each.infrastructure, relaunches={**region.relaunches, **entry})


def counts(relaunch: Relaunching, at: float) -> bool:
    """Whether it is within the minute still."""
    return relaunch.at is None or at < relaunch.at + MINUTE


def relaunches_within(region: Region, at: float) -> int:
    """Machines that were relaunched within the last minute, or may be at any moment."""
    return sum(each.load for each in region.relaunches.values() if counts(each, at))


def needed(load: int) -> int:
    """What a relaunch of so many machines needs of the minute; a large deployable all of it."""
    return min(load, RELAUNCHES)


def without(book: dict[Key, T], key: Key) -> dict[Key, T]:
    """The book without this entry; the very same if it is not there."""
    return {each: entry for each, entry in book.items() if each != key} if key in book else book


def lapse(turn: Turn) -> list[str]:
    """End the permits that nobody used in time; returns whose they were."""
    lapsed: dict[str, None] = {}
    for name in list(turn.regions):
        while pending := turn.regions[name].pending:
            key, ends = next(iter(pending.items()))
            if turn.at < ends:
                break
            end_permit(turn, key)
            lapsed[key.deployable] = None
    return list(lapsed)


def end_permit(turn: Turn, key: Key) -> None:
    """Forget a permit that was not used."""
    permits = {name: permit for name, permit in turn.ward(key.deployable).permits.items() if name != key.recovery}
    turn.update_ward(key.deployable, permits=permits)
    reclaim(turn, key.deployable)


def in_flight(ward: Ward) -> int:
    """A deployable's own recoveries above a restart; one that spans infrastructures is one."""
    return len({key for (_, key), claim in ward.claims.items() if not claim.restart})

"""The guards themselves: which of them holds a request, and what each of them makes of it, with its numbers.

Rules (policy.md section 5): restarts meet the restart cap alone; what the cloud has condemned passes storms, turns and freezes, never caps.
When several guards hold, the widest is named: the table's order. Whoever is older goes first: what it waits for is kept for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cpe.policy.claims import needed, relaunches_within
from cpe.policy.endings import culprits_text, unverified_in_a_row
from cpe.policy.latches import calm_text, mute_text, storm_text
from cpe.policy.limits import PER_DEPLOYABLE, PER_INFRASTRUCTURE, RELAUNCHES, RESTARTS, SERIAL_BELOW, UNVERIFIED
from cpe.policy.state import Lane, Place
from cpe.policy.turn import Turn
from pcloud.model.guards import GuardVerdict
from pcloud.model.words import Guard

EXEMPT = "; exempt: the cloud itself declares it dead"
BEHIND = "; an older request waits for its turn"

Behind = dict[str, Guard]
"""What older requests wait for, by infrastructure."""


def regions_of(lane: Lane) -> list[str]:
    """The infrastructures that a request acts in."""
    return list(dict.fromkeys(place.infrastructure for place in lane.places))


def silent_holds(turn: Turn, place: Place, _lane: Lane) -> bool:
    return turn.group(place).silence is not None


def silent_numbers(turn: Turn, place: Place, _lane: Lane) -> str:
    group = turn.group(place)
    return mute_text(group) + calm_text(group.silence, turn.at)


def unverified_holds(turn: Turn, place: Place, _lane: Lane) -> bool:
    region = turn.region(place.infrastructure)
    return region.freeze is not None and (bool(region.flights) or turn.at < region.freeze.pause)


def unverified_numbers(turn: Turn, place: Place, _lane: Lane) -> str:
    region = turn.region(place.infrastructure)
    if region.freeze is None:
        return f"{unverified_in_a_row(region)} in a row not verified, at most {UNVERIFIED - 1}"
    if region.flights:
        return f"{culprits_text(region.freeze)}, and {len(region.flights)} in flight"
    pause = region.freeze.pause - turn.at
    return f"{culprits_text(region.freeze)}; {f'the next is tried in {pause:.0f}s' if pause > 0 else 'this is tried alone'}"


def storm_holds(turn: Turn, place: Place, _lane: Lane) -> bool:
    return turn.group(place).storm is not None


def storm_numbers(turn: Turn, place: Place, _lane: Lane) -> str:
    group = turn.group(place)
    return storm_text(group) + calm_text(group.storm, turn.at)


def serial_holds(turn: Turn, place: Place, _lane: Lane) -> bool:
    return turn.group(place).assemblies < SERIAL_BELOW and flying(turn, place) > 0


def serial_numbers(turn: Turn, place: Place, _lane: Lane) -> str:
    return f"{flying(turn, place)} in flight in a group of {turn.group(place).assemblies}, one after the other"


def flying(turn: Turn, place: Place) -> int:
    """What is in flight in a zone."""
    return sum(place.zone in claim.zones for claim in turn.region(place.infrastructure).flights.values())


def infrastructure_holds(turn: Turn, place: Place, _lane: Lane) -> bool:
    return len(turn.region(place.infrastructure).flights) >= PER_INFRASTRUCTURE


def infrastructure_numbers(turn: Turn, place: Place, _lane: Lane) -> str:
    return f"{len(turn.region(place.infrastructure).flights)} in flight, at most {PER_INFRASTRUCTURE}"


def rate_holds(turn: Turn, place: Place, lane: Lane) -> bool:
    load = dict(lane.loads).get(place.infrastructure, 0)
    return load > 0 and relaunches_within(turn.region(place.infrastructure), turn.at) + needed(load) > RELAUNCHES


def rate_numbers(turn: Turn, place: Place, lane: Lane) -> str:
    load = dict(lane.loads).get(place.infrastructure, 0)
    text = f"{relaunches_within(turn.region(place.infrastructure), turn.at)} relaunched within a minute, at most {RELAUNCHES}"
    return text if load <= 1 else f"{text}; this is {load} more"


def restart_holds(turn: Turn, place: Place, _lane: Lane) -> bool:
    return len(turn.region(place.infrastructure).restarts) >= RESTARTS


def restart_numbers(turn: Turn, place: Place, _lane: Lane) -> str:
    return f"{len(turn.region(place.infrastructure).restarts)} restarts at once, at most {RESTARTS}"


class Gate(NamedTuple):
    """One guard. ``exempts``: it lets through what the cloud has condemned."""

    guard: Guard
    exempts: bool
    holds: Callable[[Turn, Place, Lane], bool]
    numbers: Callable[[Turn, Place, Lane], str]


ABOVE_RESTART = (
    Gate(Guard.ALL_SILENT, True, silent_holds, silent_numbers),
    Gate(Guard.UNVERIFIED, True, unverified_holds, unverified_numbers),
    Gate(Guard.STORM, True, storm_holds, storm_numbers),
    Gate(Guard.SERIAL, True, serial_holds, serial_numbers),
    Gate(Guard.INFRASTRUCTURE_CAP, False, infrastructure_holds, infrastructure_numbers),
    Gate(Guard.RELAUNCH_RATE, False, rate_holds, rate_numbers),
)
OF_RESTARTS = (Gate(Guard.RESTART_CAP, False, restart_holds, restart_numbers),)


def gates_of(lane: Lane) -> tuple[Gate, ...]:
    """The guards that a request meets."""
    return OF_RESTARTS if lane.restart else ABOVE_RESTART


def holding(turn: Turn, lane: Lane, behind: Behind) -> Guard | None:
    """The widest guard that holds all requests of a lane; None: the oldest of them may begin."""
    for gate in gates_of(lane):
        if lane.condemned and gate.exempts:
            continue
        if any(gate.holds(turn, place, lane) for place in lane.places):
            return gate.guard
    return next((guard for each in regions_of(lane) if (guard := kept_for_older(behind, each, lane)) is not None), None)


def kept_for_older(behind: Behind, infrastructure: str, lane: Lane) -> Guard | None:
    """What an older request waits for in an infrastructure, if this one would take it away."""
    guard = behind.get(infrastructure)
    if guard is Guard.RELAUNCH_RATE and infrastructure not in dict(lane.loads):
        return None
    return None if lane.restart else guard


def keep_for(behind: Behind, lane: Lane, guard: Guard | None) -> None:
    """Keep what this one waits for from those that are younger; caps only, for whoever is held by a storm may be held for long."""
    if guard in {Guard.INFRASTRUCTURE_CAP, Guard.RELAUNCH_RATE}:
        touched = regions_of(lane) if guard is Guard.INFRASTRUCTURE_CAP else [name for name, _ in lane.loads]
        for infrastructure in touched:
            if behind.get(infrastructure) is not Guard.INFRASTRUCTURE_CAP:
                behind[infrastructure] = guard


def verdicts(turn: Turn, lane: Lane, own: int, guard: Guard | None) -> tuple[GuardVerdict, ...]:
    """What every guard makes of a request, the one that holds it last. ``own``: what its deployable has in flight."""
    found = [of_gate(turn, lane, gate) for gate in gates_of(lane) if applies(turn, lane, gate)]
    if not lane.restart:
        found.insert(0, GuardVerdict(Guard.DEPLOYABLE_CAP, own < PER_DEPLOYABLE, f"{own} in flight, at most {PER_DEPLOYABLE}"))
    if guard is not None and any(each.guard is guard and each.passed for each in found):
        found = [GuardVerdict(guard, False, each.numbers + BEHIND) if each.guard is guard else each for each in found]
    return tuple(sorted(found, key=lambda each: (each.guard is guard, not each.passed)))


def of_gate(turn: Turn, lane: Lane, gate: Gate) -> GuardVerdict:
    """One guard's verdict; of several zones the first that does not pass speaks."""
    place = next((each for each in lane.places if gate.holds(turn, each, lane)), None)
    numbers = gate.numbers(turn, place or lane.places[0], lane)
    if place is None:
        return GuardVerdict(gate.guard, passed=True, numbers=numbers)
    exempt = lane.condemned and gate.exempts
    return GuardVerdict(gate.guard, exempt, numbers + EXEMPT if exempt else numbers)


def applies(turn: Turn, lane: Lane, gate: Gate) -> bool:
    """Whether a guard has anything to say: shares are for large groups, turns for small ones, the rate for relaunches."""
    small = [turn.group(place).assemblies < SERIAL_BELOW for place in lane.places]
    match gate.guard:
        case Guard.STORM:
            return not all(small) or any(storm_holds(turn, place, lane) for place in lane.places)
        case Guard.SERIAL:
            return any(small)
        case Guard.RELAUNCH_RATE:
            return bool(lane.loads)
        case _:
            return True

"""Somebody's yes or no to a recovery that waits for one (policy.md section 5, mode ``approve``).

Rules: a yes goes on to the guards, and only on evidence that still stands; a no, like an hour without an answer, leaves the target alone
until it is well again or somebody says otherwise. A yes also wakes what was denied or is exhausted.
"""

from __future__ import annotations

from dpe.policy import forgiving, gates, places
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.events import ApprovalGiven
from pcloud.model.state import DeployableState
from pcloud.model.words import Phase


def on_given(turn: Turn, event: ApprovalGiven) -> None:
    """Somebody has answered."""
    asked = Place(event.assembly, event.resource)
    by = f" by {event.owner}" if event.owner else ""
    why = f": {event.reason}" if event.reason else ""
    for place, recovery in list(places.recoveries(turn.so_far())):
        if recovery.phase is not Phase.APPROVAL or not asked.covers(place):
            continue
        if not event.approved:
            gates.lapse(turn, place, recovery, f"denied{by}{why}")
            continue
        turn.report("approved", f"approved{by}{why}", assembly=place.assembly, resource=place.resource, decision=recovery.decision)
        gates.ask(turn, place, recovery)
    if event.approved:
        for place, decision in forgiving.all_given_up(turn, asked):
            turn.report("approved", f"approved{by}{why}", assembly=place.assembly, resource=place.resource, decision=decision)
            if place in denied(turn, asked):
                turn.approve(place.assembly, place.resource)
        forgiving.forgive_all(turn, asked)


def denied(turn: Turn, asked: Place) -> list[Place]:
    """What was denied at a target."""
    found = [Place(name) for name, state in turn.assemblies.items() if state.denied]
    found += [Place(name, resource) for name, state in turn.assemblies.items() for resource, each in state.resources.items() if each.denied]
    return [place for place in found if asked.covers(place)]


def awaited(state: DeployableState, asked: Place) -> bool:
    """Whether anything at a target waits for a yes, or could do with one."""
    return waiting(state, asked) or forgiving.needed(state, asked)


def waiting(state: DeployableState, asked: Place) -> bool:
    """Whether anything at a target waits for a yes."""
    return any(recovery.phase is Phase.APPROVAL and asked.covers(place) for place, recovery in places.recoveries(state))

"""A permit has come: the recovery that it is for begins, if what it was decided on still stands."""

from __future__ import annotations

from dpe.policy import bringup, changing, gates, pauses, places, restarts, settling, silence, whole
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.actions import Report
from pcloud.model.events import PermitGranted
from pcloud.model.state import Recovery
from pcloud.model.words import Phase


def on_granted(turn: Turn, event: PermitGranted) -> None:
    """Begin now, or go back to waiting for what is in the way; then the permit is returned."""
    found = gates.on_granted(turn, event)
    if found is None:
        return
    place, recovery = found
    if not stands(turn, place, recovery):
        places.write(turn, place, replace(recovery, phase=Phase.DELAYED, until=turn.at, permit=""))
        return
    if event.guards:
        turn.order(
            Report(
                "granted", place.assembly, place.resource, reason="the guards let it begin", decision=recovery.decision, guards=event.guards
            )
        )
    begin(turn, place, recovery)


def stands(turn: Turn, place: Place, recovery: Recovery) -> bool:
    """Whether it may begin this very moment."""
    if place.resource:
        return settling.may_restart(turn, turn[place.assembly]) and restarts.may_begin(turn, place.assembly, place.resource)
    if place.assembly:
        return settling.may_begin(turn, place.assembly) and silence.stands(turn, place.assembly, recovery)
    return whole.clear_to_begin(turn) and all(pauses.counts(turn, name) for name in turn.assemblies)


def begin(turn: Turn, place: Place, recovery: Recovery) -> None:
    """Begin the action of a recovery."""
    if place.resource:
        restarts.begin(turn, place.assembly, place.resource, recovery)
    elif place.assembly and recovery.reload:
        changing.begin(turn, place.assembly, recovery)
    elif place.assembly:
        bringup.begin(turn, place.assembly, recovery)
    else:
        whole.begin(turn, recovery)

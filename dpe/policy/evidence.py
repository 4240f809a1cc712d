"""Forgetting what probes said, where it no longer speaks for what is there now (after an action, a new contact, a suppression)."""

from __future__ import annotations

from dpe.policy.turn import Turn
from pcloud.model.actions import ProbeAgain
from pcloud.model.words import Health


def forget(turn: Turn, assembly: str, *, doubt: bool) -> None:
    """Reset the probes of an assembly and ask for all of them again; with ``doubt`` nothing is taken for healthy until then."""
    for name in turn[assembly].resources:
        forget_resource(turn, assembly, name, doubt=doubt)
    ask_again(turn, assembly)


def ask_again(turn: Turn, assembly: str) -> None:
    """Have every probe of an assembly run and reported once more."""
    turn.order(ProbeAgain(assembly))


def forget_resource(turn: Turn, assembly: str, resource: str, *, doubt: bool) -> None:
    """Reset the probes of one resource."""
    state = turn.resource(assembly, resource)
    changes: dict[str, object] = {"probes": {}, "alerted": False}
    if doubt or state.health is not Health.HEALTHY:
        changes |= {"health": Health.UNKNOWN, "reason": "", "since": turn.at}
    turn.update_resource(assembly, resource, **changes)

"""What the controller's guards are told of a deployable: a stand-in with the least that is needed to tell one standing from another."""

from __future__ import annotations

from pcloud.model.guards import AssemblyStanding, Standing
from pcloud.model.state import DeployableState


def standing(state: DeployableState) -> Standing:
    """How the deployable stands."""
    there = [
        AssemblyStanding(name, each.instance.infrastructure, silent=each.silence is not None, answers=each.contact)
        for name, each in state.assemblies.items()
        if each.instance is not None
    ]
    return Standing(state.name, tuple(there), state.outcome)

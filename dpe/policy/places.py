"""Where a recovery belongs: to a resource, to an assembly, or to the deployable as a whole; written and read the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dpe.policy.summary import assembly_word
from dpe.policy.turn import Turn
from pcloud.model.drafts import quick
from pcloud.model.plan import RecoverySettings
from pcloud.model.state import DeployableState, Recovery
from pcloud.model.words import Mode


@quick
@dataclass(frozen=True, slots=True)
class Place:
    """One target: ``assembly/resource``, ``assembly``, or the deployable ("")."""

    assembly: str = ""
    resource: str = ""

    @property
    def name(self) -> str:
        """As it goes into jitter and texts."""
        return "/".join(part for part in (self.assembly, self.resource) if part)

    def covers(self, other: Place) -> bool:
        """Whether ``other`` is this target or below it."""
        return (not self.assembly or self.assembly == other.assembly) and (not self.resource or self.resource == other.resource)


def read(turn: Turn, place: Place) -> Recovery | None:
    """The recovery at a place."""
    if place.resource:
        return turn.resource(place.assembly, place.resource).recovery
    return turn[place.assembly].recovery if place.assembly else turn.root.recovery


def write(turn: Turn, place: Place, recovery: Recovery | None) -> None:
    """Put a recovery at a place, or take it away."""
    if place.resource:
        turn.update_resource(place.assembly, place.resource, recovery=recovery)
    elif place.assembly:
        turn.update(place.assembly, recovery=recovery)
    else:
        turn.update_root(recovery=recovery)


def deny(turn: Turn, place: Place, reason: str) -> None:
    """Remember that nothing may be done at a place until it is well, or somebody says otherwise; "" forgets it."""
    if place.resource:
        turn.update_resource(place.assembly, place.resource, denied=reason)
    elif place.assembly:
        turn.update(place.assembly, denied=reason)
    else:  # what is not well is why the whole was to be relaunched
        for name, state in turn.assemblies.items():
            if assembly_word(state) != "healthy":
                turn.update(name, denied=reason)


def settings_of(turn: Turn, place: Place) -> RecoverySettings:
    """The effective settings of a target."""
    if place.resource:
        return turn.resource_plan(place.assembly, place.resource).recovery
    return turn.plan_of(place.assembly).recovery if place.assembly else turn.plan.recovery


def mode_of(turn: Turn, place: Place) -> Mode:
    """What may be done by itself at a place: what its settings say, and nothing while the controller must not trust itself."""
    return Mode.OBSERVE if turn.root.observing else settings_of(turn, place).mode


def recoveries(state: DeployableState) -> Iterator[tuple[Place, Recovery]]:
    """Every recovery under way, the deployable's first, then in the plan's order."""
    if state.recovery is not None:
        yield Place(), state.recovery
    for name, assembly in state.assemblies.items():
        if assembly.recovery is not None:
            yield Place(name), assembly.recovery
        for resource, each in assembly.resources.items():
            if each.recovery is not None:
                yield Place(name, resource), each.recovery

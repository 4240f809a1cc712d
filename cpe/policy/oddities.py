"""What of a cloud's list a deployable does not know of: the little that it has to be told (policy.md section 6).

Rules:
- Pure, and cheap for what is as it should be: it is asked about every instance of every list.
- Odd is what runs and is not the current instance, a higher generation than ours, and what is off and waits for no deletion.
- Not odd is what its deployable has heard of already, and what is being made or deleted just now: whoever does that lists as well.
- A list proves nothing by omission, and nothing by what it says of the current instance: that is asked about by its id, while it is silent.
"""

from __future__ import annotations

from pcloud.model.actions import DestroyInstance, LaunchInstance
from pcloud.model.instance import InstanceReading
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import AT_REST


def odd(reading: InstanceReading, whole: DeployableState) -> bool:
    """Whether a deployable should hear of an instance that carries its tags."""
    tags = reading.tags
    state = whole.assemblies.get(tags.assembly) if tags is not None else None
    if tags is None or state is None or tags.adopted:
        return False
    if tags.generation > state.generation:
        return tags.generation > state.claimed
    if whole.stale or (state.instance is not None and state.instance.id == reading.id):
        return False
    if isinstance(state.action, DestroyInstance) or (isinstance(state.action, LaunchInstance) and tags.generation == state.generation):
        return False
    return news(reading, state)


def news(reading: InstanceReading, state: AssemblyState) -> bool:
    """Whether it is not known, or is known to be otherwise."""
    twin = any(each.instance_id == reading.id for each in state.twins)
    if reading.status not in AT_REST:
        return not twin
    if twin:
        return state.twin is None  # what is being stopped ends as it should
    return all(each.instance_id != reading.id for each in state.retired)


def same(one: AssemblyState, other: AssemblyState) -> bool:
    """Whether nothing has come between that could explain what was seen of its machines."""
    return all(
        getattr(one, name) == getattr(other, name) for name in ("instance", "generation", "claimed", "action", "twin", "twins", "retired")
    )

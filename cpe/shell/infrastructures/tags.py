"""How our tags look on instances and volumes at a cloud."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pcloud.model.instance import PortTags, Tags, VolumeTags

CONTROLLER = "pcloud-controller"
DEPLOYABLE = "pcloud-deployable"
ASSEMBLY = "pcloud-assembly"
GENERATION = "pcloud-generation"
VOLUME = "pcloud-volume"
ADOPTED = "pcloud-adopted"
PORT = "pcloud-port"
"""Begins the description of a port or a floating address, which has no other place that is written in one step with its creation."""
OF_INSTANCES = (CONTROLLER, DEPLOYABLE, ASSEMBLY, GENERATION, ADOPTED)

_GENERATION = re.compile("[1-9][0-9]{0,8}")
"""They count up from 1, by one for each launch."""


def instance_metadata(tags: Tags) -> dict[str, str]:
    metadata = {
        CONTROLLER: tags.controller,
        DEPLOYABLE: tags.deployable,
        ASSEMBLY: tags.assembly,
        GENERATION: str(tags.generation),
    }
    return {**metadata, ADOPTED: "yes"} if tags.adopted else metadata


def instance_tags(metadata: Mapping[str, str]) -> Tags | None:
    """The tags in an instance's metadata; None if it is not one of ours. Somebody else's machine may carry anything."""
    controller, deployable, assembly, generation = (str(metadata.get(key, "")) for key in (CONTROLLER, DEPLOYABLE, ASSEMBLY, GENERATION))
    if not (controller and deployable and assembly and _GENERATION.fullmatch(generation)):
        return None
    return Tags(controller, deployable, assembly, int(generation), adopted=metadata.get(ADOPTED) == "yes")


def volume_metadata(tags: VolumeTags) -> dict[str, str]:
    return {CONTROLLER: tags.controller, DEPLOYABLE: tags.deployable, ASSEMBLY: tags.assembly, VOLUME: tags.volume}


def volume_tags(metadata: Mapping[str, str]) -> VolumeTags | None:
    """The tags in a volume's metadata; None if it is not one of ours."""
    found = [str(metadata.get(key, "")) for key in (CONTROLLER, DEPLOYABLE, ASSEMBLY, VOLUME)]
    return VolumeTags(*found) if all(found) else None


def port_mark(tags: PortTags) -> str:
    """The description of what carries these tags; equal tags, equal text."""
    return " ".join((PORT, tags.controller, tags.deployable, tags.assembly))


def port_tags(description: str) -> PortTags | None:
    """The tags in a port's description; None if it is not one of ours."""
    match description.split(" "):
        case [mark, controller, deployable, assembly] if mark == PORT and controller and deployable and assembly:
            return PortTags(controller, deployable, assembly)
    return None

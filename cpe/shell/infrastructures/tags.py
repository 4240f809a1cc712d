"""How our tags look on instances and volumes at a cloud."""

from __future__ import annotations

from collections.abc import Mapping

from pcloud.model.instance import Tags, VolumeTags

CONTROLLER = "pcloud-controller"
DEPLOYABLE = "pcloud-deployable"
ASSEMBLY = "pcloud-assembly"
GENERATION = "pcloud-generation"
VOLUME = "pcloud-volume"
ADOPTED = "pcloud-adopted"
OF_INSTANCES = (CONTROLLER, DEPLOYABLE, ASSEMBLY, GENERATION, ADOPTED)


def instance_metadata(tags: Tags) -> dict[str, str]:
    metadata = {
        CONTROLLER: tags.controller,
        DEPLOYABLE: tags.deployable,
        ASSEMBLY: tags.assembly,
        GENERATION: str(tags.generation),
    }
    return {**metadata, ADOPTED: "yes"} if tags.adopted else metadata


def instance_tags(metadata: Mapping[str, str]) -> Tags | None:
    """The tags in an instance's metadata; None if it is not one of ours."""
    try:
        return Tags(
            controller=metadata[CONTROLLER],
            deployable=metadata[DEPLOYABLE],
            assembly=metadata[ASSEMBLY],
            generation=int(metadata[GENERATION]),
            adopted=metadata.get(ADOPTED) == "yes",
        )
    except (KeyError, ValueError):  # somebody else's machine may carry anything
        return None


def volume_metadata(tags: VolumeTags) -> dict[str, str]:
    return {CONTROLLER: tags.controller, DEPLOYABLE: tags.deployable, ASSEMBLY: tags.assembly, VOLUME: tags.volume}


def volume_tags(metadata: Mapping[str, str]) -> VolumeTags | None:
    """The tags in a volume's metadata; None if it is not one of ours."""
    try:
        return VolumeTags(
            controller=metadata[CONTROLLER], deployable=metadata[DEPLOYABLE], assembly=metadata[ASSEMBLY], volume=metadata[VOLUME]
        )
    except KeyError:
        return None

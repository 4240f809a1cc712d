"""Volumes of an instance: attached one by one once it runs, since RunInstances cannot.

Rules: an instance whose volumes are not all attached bears the tag ``pcloud-attach`` from its creation on, and whoever reads it singly goes
on with it: a controller that dies in between leaves nothing that another one could not finish. A stop of ours takes the tag off, so that a
predecessor that somebody starts again gets nothing back.
"""

from __future__ import annotations

from typing import Any

from libcloud.compute.base import Node
from libcloud.compute.types import NodeState, StorageVolumeState

from cpe.shell.infrastructures.ec2.driver import ATTACH, EC2Driver
from cpe.shell.infrastructures.failures import CLOUD_ERRORS, is_absent
from pcloud.errors import HardInfrastructureError, InfrastructureError

LETTERS = "fghijklmnop"
"""What EC2 recommends for volumes: /dev/sdf to /dev/sdp. On machines with NVMe the name says nothing, there they are found by their ids."""


def holder(volume: Any) -> str:
    """The id of the instance that it is attached to, or is being attached to; "" while it is free."""
    return str(volume.extra.get("instance_id") or "")


def zone_of_all(driver: EC2Driver, infrastructure: str, volumes: list[str]) -> str:
    """The zone of volumes that are free to be attached, "" for none; InfrastructureError where something has one of them."""
    if len(volumes) > len(LETTERS):
        raise HardInfrastructureError(
            f"{infrastructure}: {len(volumes)} volumes are more than the {len(LETTERS)} that an instance may have", ""
        )
    zones = set()
    for each in volumes:
        volume = driver.ex_get_volume(each)
        if holder(volume):
            raise InfrastructureError(f"{infrastructure}: volume {each} is attached to {holder(volume)}")
        zones.add(str(volume.extra["zone"]))
    if len(zones) > 1:
        raise HardInfrastructureError(
            f"{infrastructure}: the volumes {', '.join(volumes)} are in the zones {' and '.join(sorted(zones))}",
            "an instance takes volumes of its own zone only: make them anew in one, from snapshots",
        )
    return next(iter(zones), "")


def furnished(driver: EC2Driver, node: Node, infrastructure: str) -> Node:
    """The node, finished if it can be."""
    wanted = (node.extra["tags"].get(ATTACH) or "").split()
    if not wanted or node.state != NodeState.STARTING:
        return node
    try:
        attached = [_attached(driver, node, volume, LETTERS[place], infrastructure) for place, volume in enumerate(wanted)]
    except CLOUD_ERRORS as error:
        if is_absent(error):  # a volume; it must not be taken for the instance
            raise InfrastructureError(f"{infrastructure}: attaching volumes to {node.id}: {error}") from error
        raise
    if all(attached):
        driver.put_tags(node.id, {ATTACH: None})
        return driver.ex_get_node(node.id)
    return node


def _attached(driver: EC2Driver, node: Node, volume_id: str, letter: str, infrastructure: str) -> bool:
    """Whether it is; it is asked for where nothing has the volume."""
    volume = driver.ex_get_volume(volume_id)
    if holder(volume) == node.id:
        return bool(volume.state == StorageVolumeState.INUSE and volume.extra["attachment_status"] == "attached")
    if holder(volume):
        raise InfrastructureError(f"{infrastructure}: volume {volume_id} is attached to {holder(volume)}, and is wanted by {node.id}")
    driver.attach_volume(node, volume, f"/dev/sd{letter}")
    return False

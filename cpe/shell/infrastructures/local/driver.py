"""The embedded cloud as a libcloud compute driver: what any program that speaks libcloud can use."""

from __future__ import annotations

import os
import platform
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from libcloud.compute.base import Node, NodeDriver, NodeImage, NodeSize, StorageVolume
from libcloud.compute.types import NodeState, StorageVolumeState

from cpe.shell.infrastructures.local.cloud import LocalCloud, MachineOrder
from cpe.shell.infrastructures.local.machine import Machine
from cpe.shell.infrastructures.local.records import Task, VolumeRecord
from cpe.shell.infrastructures.local.refusals import NoSuchThingError

SIZES = {"host": 0, "m1.tiny": 512, "m1.small": 2048, "m1.medium": 4096, "m1.large": 8192}
"""MiB by name. All are the same here: nothing is limited. The customary names let a spec that was written for OpenStack run unchanged."""

HOST_IMAGE = "host"
"""The only image that there is: the system that pcloud runs on; also known by the name of that system."""


def image_names() -> list[str]:
    """``host``, and the host's own system as clouds name images: debian-12."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:  # a system that does not say what it is
        return [HOST_IMAGE]
    return [HOST_IMAGE, "-".join(filter(None, (system["ID"], system.get("VERSION_ID", ""))))]


def account() -> str:
    """The name of whoever this process runs as."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a user without an entry
        return f"uid {os.geteuid()}"


class LocalNodeDriver(NodeDriver):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """All calls raise LocalCloudError, whose ``code`` is an HTTP status, or OSError. ``user`` is who makes them, by the cloud's records."""

    type = "local"
    name = "local"
    website = ""

    def __init__(self, directory: Path, user: str = "") -> None:
        # NodeDriver's own __init__ would open a connection to somewhere.
        self.key = str(directory)
        self.user = user or account()
        self._cloud = LocalCloud(directory)

    def list_sizes(self) -> list[NodeSize]:
        return [NodeSize(id=name, name=name, ram=ram, disk=0, bandwidth=0, price=0.0, driver=self) for name, ram in SIZES.items()]

    def list_images(self) -> list[NodeImage]:
        return [NodeImage(id=name, name=name, driver=self) for name in image_names()]

    def list_locations(self) -> list[Any]:
        return []

    def create_node(
        self,
        name: str,
        size: NodeSize,
        image: NodeImage,
        ex_userdata: bytes | str = b"",
        ex_metadata: Mapping[str, str] | None = None,
        ex_volumes: Mapping[str, str] | None = None,
    ) -> Node:
        """``ex_volumes`` maps the id of each volume to the path where it is mounted. When this returns the machine is booting."""
        for what, asked, known in (("image", image.id, image_names()), ("size", size.id, SIZES)):
            if asked not in known:
                raise NoSuchThingError(what, asked)
        user_data = ex_userdata.encode() if isinstance(ex_userdata, str) else ex_userdata
        order = MachineOrder(
            name=name, image=image.id, size=size.id, user_data=user_data, metadata=ex_metadata or {}, volumes=ex_volumes or {}
        )
        return self._node(self._cloud.create(order))

    def list_nodes(self) -> list[Node]:
        nodes = []
        for machine in self._cloud.machines():
            try:
                nodes.append(self._node(machine))
            except NoSuchThingError:  # destroyed since it was listed
                continue
        return nodes

    def ex_get_node(self, node_id: str) -> Node:
        return self._node(self._cloud.machine(node_id))

    def start_node(self, node: Node) -> bool:
        return self._perform(node, Task.BOOT)

    def stop_node(self, node: Node) -> bool:
        """Orderly if the machine plays along, by force if not; when this returns nothing of it runs."""
        return self._perform(node, Task.STOP)

    def ex_stop_node(self, node: Node) -> bool:
        return self.stop_node(node)

    def reboot_node(self, node: Node) -> bool:
        """Soft: the machine itself is asked."""
        self._cloud.machine(node.id).reboot_softly()
        return True

    def ex_hard_reboot_node(self, node: Node) -> bool:
        """Power off and on, whatever state it is in."""
        return self._perform(node, Task.REBOOT)

    def destroy_node(self, node: Node) -> bool:
        return self._perform(node, Task.DESTROY)

    def ex_set_metadata(self, node: Node, metadata: Mapping[str, str | None]) -> bool:
        """Put these on it, and take off those that are None."""
        self._cloud.machine(node.id).tag(metadata)
        return True

    def ex_get_console_output(self, node: Node) -> dict[str, str]:
        return {"output": self._cloud.machine(node.id).console()}

    def create_volume(self, size: int, name: str, *, ex_metadata: Mapping[str, str] | None = None) -> StorageVolume:
        """``size`` in GiB; a directory has none, it is only remembered."""
        return self._volume(self._cloud.create_volume(name, size, ex_metadata or {}))

    def list_volumes(self) -> list[StorageVolume]:
        return [self._volume(record) for record in self._cloud.volumes()]

    def ex_get_volume(self, volume_id: str) -> StorageVolume:
        return self._volume(self._cloud.volume(volume_id))

    def attach_volume(self, node: Node, volume: StorageVolume, device: str) -> bool:
        """``device`` is the path where it is mounted."""
        self._cloud.attach(volume.id, node.id, device)
        return True

    def detach_volume(self, volume: StorageVolume) -> bool:
        self._cloud.detach(volume.id)
        return True

    def destroy_volume(self, volume: StorageVolume) -> bool:
        self._cloud.destroy_volume(volume.id)
        return True

    def _perform(self, node: Node, task: Task) -> bool:
        self._cloud.machine(node.id).perform(task, self.user)
        return True

    def _node(self, machine: Machine) -> Node:
        power = machine.power()
        record = machine.record()
        return Node(
            id=record.id,
            name=record.name,
            state=NodeState(power.value),
            public_ips=[record.address],
            private_ips=[],
            driver=self,
            extra={
                "metadata": dict(record.metadata),
                "ssh_port": record.port,
                "ssh_user": record.user,
                "image": record.image,
                "stopped_by": record.stopped_by,
            },
        )

    def _volume(self, record: VolumeRecord) -> StorageVolume:
        return StorageVolume(
            id=record.id,
            name=record.name,
            size=record.size,
            driver=self,
            state=StorageVolumeState.INUSE if record.machine else StorageVolumeState.AVAILABLE,
            extra={"metadata": dict(record.metadata), "node": record.machine, "mount": record.mount},
        )

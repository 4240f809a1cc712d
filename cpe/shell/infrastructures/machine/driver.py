"""The cloud of containers as a libcloud compute driver: what any program that speaks libcloud can use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from libcloud.compute.base import Node, NodeDriver, NodeImage, NodeSize, StorageVolume
from libcloud.compute.types import NodeState, StorageVolumeState

from cpe.shell.infrastructures.local.cloud import MachineOrder
from cpe.shell.infrastructures.local.driver import SIZES, account
from cpe.shell.infrastructures.local.records import MachineRecord, VolumeRecord
from cpe.shell.infrastructures.local.refusals import NoSuchThingError
from cpe.shell.infrastructures.machine.cloud import MachineCloud
from cpe.shell.infrastructures.machine.network import Network


class MachineNodeDriver(NodeDriver):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """All calls raise LocalCloudError, whose ``code`` is an HTTP status, or OSError. Speaks the embedded cloud's dialect.

    ``user`` is who makes them, by the cloud's records.
    """

    type = "machine"
    name = "machine"
    website = ""

    def __init__(self, directory: Path, images: Mapping[str, Path], network: Network, user: str = "") -> None:
        # NodeDriver's own __init__ would open a connection to somewhere.
        self.key = str(directory)
        self.user = user or account()
        self._images = images
        self._cloud = MachineCloud(directory, images, network)

    def list_sizes(self) -> list[NodeSize]:
        return [NodeSize(id=name, name=name, ram=ram, disk=0, bandwidth=0, price=0.0, driver=self) for name, ram in SIZES.items()]

    def list_images(self) -> list[NodeImage]:
        return [NodeImage(id=name, name=name, driver=self) for name in self._images]

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
        for what, asked, known in (("image", image.id, self._images), ("size", size.id, SIZES)):
            if asked not in known:
                raise NoSuchThingError(what, asked)
        user_data = ex_userdata.encode() if isinstance(ex_userdata, str) else ex_userdata
        order = MachineOrder(
            name=name, image=image.id, size=size.id, user_data=user_data, metadata=ex_metadata or {}, volumes=ex_volumes or {}
        )
        return self._node(self._cloud.create(order))

    def list_nodes(self) -> list[Node]:
        return [self._node(record) for record in self._cloud.records()]

    def ex_get_node(self, node_id: str) -> Node:
        return self._node(self._cloud.record(node_id))

    def start_node(self, node: Node) -> bool:
        self._cloud.start(node.id)
        return True

    def stop_node(self, node: Node) -> bool:
        """Orderly if the machine plays along, by force if not; when this returns nothing of it runs."""
        self._cloud.stop(node.id, self.user)
        return True

    def reboot_node(self, node: Node) -> bool:
        """Soft: the machine itself is asked."""
        self._cloud.reboot(node.id, hard=False)
        return True

    def ex_hard_reboot_node(self, node: Node) -> bool:
        """Power off and on, whatever state it is in."""
        self._cloud.reboot(node.id, hard=True)
        return True

    def destroy_node(self, node: Node) -> bool:
        self._cloud.destroy(node.id)
        return True

    def ex_set_metadata(self, node: Node, metadata: Mapping[str, str | None]) -> bool:
        """Put these on it, and take off those that are None."""
        self._cloud.tag(node.id, metadata)
        return True

    def ex_get_console_output(self, node: Node) -> dict[str, str]:
        return {"output": self._cloud.console(node.id)}

    def create_volume(self, size: int, name: str, *, ex_metadata: Mapping[str, str] | None = None) -> StorageVolume:
        """``size`` in GiB; a directory has none, it is only remembered."""
        return self._volume(self._cloud.create_volume(name, size, ex_metadata or {}))

    def list_volumes(self) -> list[StorageVolume]:
        return [self._volume(record) for record in self._cloud.volumes.all()]

    def ex_get_volume(self, volume_id: str) -> StorageVolume:
        return self._volume(self._cloud.volumes.read(volume_id))

    def detach_volume(self, volume: StorageVolume) -> bool:
        self._cloud.release(volume.id)
        return True

    def destroy_volume(self, volume: StorageVolume) -> bool:
        self._cloud.destroy_volume(volume.id)
        return True

    def _node(self, record: MachineRecord) -> Node:
        return Node(
            id=record.id,
            name=record.name,
            state=NodeState.RUNNING if self._cloud.is_on(record.id) else NodeState.STOPPED,
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

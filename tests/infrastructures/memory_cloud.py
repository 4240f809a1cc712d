"""A cloud without machines: an ``Infrastructure`` that a test can hurt. ``test_contract.py`` holds it to what the real one promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pcloud.errors import AmbiguousError, HardInfrastructureError, InfrastructureError
from pcloud.model.instance import InstanceReading, LaunchOrder, Tags, VolumeReading, VolumeTags
from pcloud.model.words import InstanceStatus


@dataclass
class Node:
    """One instance. ``seen_from`` is the loop's time from which the cloud admits that it is there."""

    id: str
    order: LaunchOrder
    address: str
    seen_from: float
    status: InstanceStatus = InstanceStatus.ACTIVE
    console: str = ""
    tags: Tags | None = None  # the order's, until somebody puts others on
    stopped_by: str = ""  # who has switched it off, if that was not us
    zone: str = ""

    def __post_init__(self) -> None:
        self.tags = self.order.tags

    def reading(self) -> InstanceReading:
        return InstanceReading(self.id, self.status, self.tags, self.address, 22, "debian", self.order.name, zone=self.zone)

    def switched(self, status: InstanceStatus, stopped_by: str = "") -> None:
        """On or off, at somebody's word; who stops what is off has not stopped it."""
        if self.status is not status:
            self.status, self.stopped_by = status, stopped_by


@dataclass
class MemoryCloud:
    """Everything succeeds at once unless a test says otherwise. ``asked`` lists what was asked that changes something, in its order."""

    name: str = "lab"
    controller: str = "here"
    lateness: float = 10.0
    user_data_limit: int | None = None
    slowness: float = 0.0  # seconds from accepting a stop to its effect
    patience: float = 0.0  # seconds from doing what was asked to saying so
    zone: str = ""  # of what is created
    born: InstanceStatus = InstanceStatus.ACTIVE  # the status of what is created
    late: float | None = None  # the next creation is not answered, and what it makes turns up after so many seconds
    down: bool = False  # nothing is answered
    nodes: dict[str, Node] = field(default_factory=dict)
    disks: dict[str, VolumeTags] = field(default_factory=dict)
    late_disk: float | None = None  # the next volume, likewise
    shown_from: dict[str, float] = field(default_factory=dict)  # when late volumes turn up
    made: int = 0  # instances
    quota: int | None = None  # instances; one more is refused
    asked: list[str] = field(default_factory=list)

    async def find(self, deployable: str, assembly: str) -> Sequence[InstanceReading]:
        await self._answer()
        wanted = (self.controller, deployable, assembly)
        return [
            node.reading()
            for node in self.nodes.values()
            if self._seen(node) and node.tags is not None and (node.tags.controller, node.tags.deployable, node.tags.assembly) == wanted
        ]

    async def instances(self) -> Sequence[InstanceReading]:
        await self._answer()
        return [node.reading() for node in self.nodes.values() if self._seen(node)]

    async def read(self, instance_id: str) -> InstanceReading:
        await self._answer()
        node = self.nodes.get(instance_id)
        if node is None or not self._seen(node):
            return InstanceReading(instance_id, InstanceStatus.ABSENT)
        off = node.status is InstanceStatus.SHUTOFF
        return replace(node.reading(), stopped_by=node.stopped_by) if off else node.reading()

    async def create(self, order: LaunchOrder) -> InstanceReading:
        await self._answer(f"create {order.name}")
        for what, asked, known in (("image", order.image, "host"), ("size", order.size, "m1.small")):
            if asked not in {known, ""}:
                raise HardInfrastructureError(f"{self.name}: no {what} '{asked}'", f"there is {known}")
        if self.quota is not None and len(self.nodes) >= self.quota:
            raise HardInfrastructureError(f"{self.name}: creating {order.name}: Quota exceeded for instances", "free something there")
        for volume, _ in order.volumes:
            self._unattached(volume)
        late, self.late = self.late, None
        node = self.put(order, seen_in=late or 0.0)
        if late is not None:
            raise AmbiguousError(f"{self.name}: no answer to creating {order.name}")
        await self._said()
        return node.reading()

    def put(self, order: LaunchOrder, seen_in: float = 0.0) -> Node:
        """An instance that is there without anybody's asking now."""
        self.made += 1  # no id is ever given twice
        node = Node(f"{self.name}-{self.made}", order, f"10.0.0.{self.made}", asyncio.get_running_loop().time() + seen_in, self.born)
        node.zone = self.zone
        self.nodes[node.id] = node
        return node

    async def tag(self, instance_id: str, mark: Tags | None) -> None:
        node = await self._node("tag", instance_id)
        node.tags = mark
        await self._said()

    async def start(self, instance_id: str) -> None:
        (await self._node("start", instance_id)).switched(InstanceStatus.ACTIVE)
        await self._said()

    async def stop(self, instance_id: str) -> None:
        node = await self._node("stop", instance_id)
        if node.status is InstanceStatus.ERROR:
            raise InfrastructureError(f"{self.name}: {instance_id} is in ERROR")
        self._later(lambda: node.switched(InstanceStatus.SHUTOFF))
        await self._said()

    async def reboot(self, instance_id: str, *, hard: bool) -> None:
        node = await self._node(f"reboot{' hard' if hard else ''}", instance_id)
        if node.status is InstanceStatus.SHUTOFF and not hard:
            raise InfrastructureError(f"{self.name}: {instance_id} is stopped")
        node.status = InstanceStatus.ACTIVE
        await self._said()

    async def destroy(self, instance_id: str) -> None:
        await self._answer(f"destroy {instance_id}")
        self._later(lambda: self.nodes.pop(instance_id, None))
        await self._said()

    async def volume(self, deployable: str, assembly: str, name: str, size: int) -> str:
        await self._answer()
        wanted = VolumeTags(self.controller, deployable, assembly, name)
        found = [disk for disk, its in self.disks.items() if its == wanted and self._shows(disk)]
        if found:
            return found[0]
        volume = f"{deployable}-{assembly}-{name}{'-again' if wanted in self.disks.values() else ''}"
        self.disks[volume] = wanted
        late, self.late_disk = self.late_disk, None
        if late is not None:
            self.shown_from[volume] = asyncio.get_running_loop().time() + late
            raise AmbiguousError(f"{self.name}: no answer to creating volume {volume}")
        return volume

    async def volumes(self) -> Sequence[VolumeReading]:
        await self._answer()
        return [
            VolumeReading(disk, its, "".join(each.id for each in self._holders(disk)), disk)
            for disk, its in self.disks.items()
            if self._shows(disk)
        ]

    async def release(self, volume_id: str) -> None:
        await self._answer(f"release {volume_id}")
        for node in self._holders(volume_id):
            if node.status is not InstanceStatus.SHUTOFF:
                raise InfrastructureError(f"{self.name}: {volume_id} is attached to {node.id}, which runs; stop it first")
            kept = tuple(each for each in node.order.volumes if each[0] != volume_id)
            node.order = replace(node.order, volumes=kept)

    async def delete_volumes(self, deployable: str) -> Sequence[str]:
        await self._answer(f"delete the volumes of {deployable}")
        mine = [volume for volume, its in self.disks.items() if (its.controller, its.deployable) == (self.controller, deployable)]
        for volume in mine:
            self._unattached(volume)
        return [f"{its.assembly}/{its.volume}" for its in (self.disks.pop(volume) for volume in mine)]

    async def delete_volume(self, volume_id: str) -> None:
        await self._answer(f"delete volume {volume_id}")
        self._unattached(volume_id)
        self.disks.pop(volume_id, None)

    async def console(self, instance_id: str) -> str:
        return (await self._node("", instance_id)).console

    async def _answer(self, asked: str = "") -> None:
        if self.down:
            raise AmbiguousError(f"{self.name} does not answer")
        if asked:
            self.asked.append(asked)

    async def _node(self, asked: str, instance_id: str) -> Node:
        await self._answer(f"{asked} {instance_id}" if asked else "")
        if instance_id not in self.nodes:
            raise InfrastructureError(f"{self.name}: no instance {instance_id}")
        return self.nodes[instance_id]

    async def _said(self) -> None:
        if self.patience:
            await asyncio.sleep(self.patience)

    def _seen(self, node: Node) -> bool:
        return node.seen_from <= asyncio.get_running_loop().time()

    def _shows(self, disk: str) -> bool:
        return self.shown_from.get(disk, 0.0) <= asyncio.get_running_loop().time()

    def _later(self, effect: Callable[[], object]) -> None:
        if self.slowness:
            asyncio.get_running_loop().call_later(self.slowness, effect)
        else:
            effect()

    def _holders(self, volume: str) -> list[Node]:
        return [node for node in self.nodes.values() if volume in dict(node.order.volumes)]

    def _unattached(self, volume: str) -> None:
        for node in self._holders(volume):
            raise InfrastructureError(f"{self.name}: {volume} is attached to {node.id}")

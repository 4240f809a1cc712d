"""Any libcloud compute driver as an ``Infrastructure``.

Rules: every call goes through ``Calls``; everything is found by its tags; what is asked twice is done once where the cloud can tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from libcloud.common.types import MalformedResponseError
from libcloud.compute.types import StorageVolumeState

from cpe.shell.infrastructures import tags
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.dialect import Dialect, Login
from cpe.shell.infrastructures.failures import CLOUD_ERRORS, is_absent, unknown_name
from cpe.shell.infrastructures.sharing import SharedQuestion
from cpe.shell.infrastructures.statuses import instance_status
from cpe.shell.infrastructures.tally import Tally
from pcloud.errors import AmbiguousError, HardInfrastructureError
from pcloud.model.instance import InstanceReading, LaunchOrder, Tags, VolumeReading, VolumeTags
from pcloud.model.words import InstanceStatus

T = TypeVar("T")

GIB = 1024**3

SENSELESS = (LookupError, TypeError, ValueError, AttributeError)
"""What comes of an answer that lacks something, or has something else in its place."""

RELEASE_TIMEOUT = 120.0
"""Seconds for a volume to become free after its detach was accepted; Cinder takes 2 to 5."""

RELEASE_LOOK = 1.0
"""Seconds between two looks whether it is."""


class LibcloudInfrastructure:
    """One account at one cloud; ``controller`` is the name in the tags of what is ours."""

    def __init__(self, name: str, calls: Calls, dialect: Dialect, *, controller: str) -> None:
        self._name = name
        self._calls = calls
        self._dialect = dialect
        self._controller = controller
        self._nodes = SharedQuestion(f"list {name}", self._list)

    @property
    def name(self) -> str:
        return self._name

    @property
    def lateness(self) -> float:
        return self._dialect.lateness

    @property
    def user_data_limit(self) -> int | None:
        return self._dialect.user_data_limit

    @property
    def tally(self) -> Tally:
        """How the calls went."""
        return self._calls.tally

    @property
    def controller(self) -> str:
        """The name in the tags of what is ours."""
        return self._controller

    async def ask(self, doing: str, question: Callable[[Any], T]) -> T:
        """What ``question`` makes of a driver, for questions that only a trial asks. Raises our errors, and NotImplementedError."""
        return await self._calls(doing, question, question=True)

    async def count(self) -> tuple[int, int]:
        """How many instances there are, and how many of them are ours."""
        found = await self._nodes()
        return len(found), sum(each.tags is not None and each.tags.controller == self._controller for each in found)

    async def instances(self) -> Sequence[InstanceReading]:
        return [each for each in await self._nodes() if each.tags is not None]

    def close(self) -> None:
        """Give up the threads; nothing is asked after this."""
        self._calls.close()

    async def find(self, deployable: str, assembly: str) -> Sequence[InstanceReading]:
        return [
            reading
            for reading in await self._nodes()
            if reading.tags is not None
            and (reading.tags.controller, reading.tags.deployable, reading.tags.assembly) == (self._controller, deployable, assembly)
        ]

    async def read(self, instance_id: str) -> InstanceReading:
        reading = await self._calls(f"reading {instance_id}", lambda driver: self._read(driver, instance_id), question=True)
        return reading or InstanceReading(id=instance_id, status=InstanceStatus.ABSENT)

    async def create(self, order: LaunchOrder) -> InstanceReading:
        image = await self._named("image", order.image, lambda driver: driver.list_images())
        size = await self._named("size", order.size, lambda driver: driver.list_sizes())
        metadata = tags.instance_metadata(order.tags)
        return await self._calls(
            f"creating {order.name}",
            lambda driver: self._reading(self._dialect.create(driver, order, size=size, image=image, metadata=metadata)),
        )

    async def start(self, instance_id: str) -> None:
        await self._with_node("starting", instance_id, self._dialect.start)

    async def stop(self, instance_id: str) -> None:
        await self._with_node("stopping", instance_id, self._dialect.stop)

    async def reboot(self, instance_id: str, *, hard: bool) -> None:
        await self._with_node("rebooting", instance_id, lambda driver, node: self._dialect.reboot(driver, node, hard=hard))

    async def destroy(self, instance_id: str) -> None:
        def destroy(driver: Any) -> None:
            _unless_absent(lambda: driver.destroy_node(self._dialect.node(driver, instance_id)))

        await self._calls(f"destroying {instance_id}", destroy)

    async def tag(self, instance_id: str, mark: Tags | None) -> None:
        metadata = {**dict.fromkeys(tags.OF_INSTANCES), **(tags.instance_metadata(mark) if mark is not None else {})}
        await self._with_node("tagging", instance_id, lambda driver, node: self._dialect.tag(driver, node, metadata))

    async def volume(self, deployable: str, assembly: str, name: str, size: int) -> str:
        wanted = VolumeTags(self._controller, deployable, assembly, name)

        def find_or_create(driver: Any) -> str:
            found = [volume for volume in self._volumes(driver) if volume.tags == wanted]
            if found:
                return preferred(found).id
            gibibytes, metadata = -(-size // GIB), tags.volume_metadata(wanted)
            return str(self._dialect.create_volume(driver, f"{deployable}-{assembly}-{name}", gibibytes, metadata).id)

        return await self._calls(f"finding or creating volume {name} of {deployable}/{assembly}", find_or_create)

    async def volumes(self) -> Sequence[VolumeReading]:
        return await self._calls("listing volumes", self._volumes)

    async def release(self, volume_id: str) -> None:
        deadline = asyncio.get_running_loop().time() + RELEASE_TIMEOUT
        while not await self._calls(f"releasing volume {volume_id}", lambda driver: self._detached(driver, volume_id)):
            if asyncio.get_running_loop().time() > deadline:
                raise AmbiguousError(f"{self._name}: volume {volume_id} is not free {RELEASE_TIMEOUT:g} s after it was asked for")
            await asyncio.sleep(RELEASE_LOOK)

    async def delete_volumes(self, deployable: str) -> Sequence[str]:
        mark = {tags.CONTROLLER: self._controller, tags.DEPLOYABLE: deployable}

        def delete(driver: Any) -> list[str]:
            deleted = []
            for volume in driver.list_volumes():
                metadata = self._metadata(volume)
                if metadata.items() >= mark.items():
                    _unless_absent(partial(driver.destroy_volume, volume))
                    deleted.append(f"{metadata.get(tags.ASSEMBLY)}/{metadata.get(tags.VOLUME)}")
            return deleted

        return await self._calls(f"deleting the volumes of {deployable}", delete)

    async def delete_volume(self, volume_id: str) -> None:
        def delete(driver: Any) -> None:
            _unless_absent(lambda: driver.destroy_volume(self._dialect.volume(driver, volume_id)))

        await self._calls(f"deleting volume {volume_id}", delete)

    async def console(self, instance_id: str) -> str:
        return await self._with_node("reading the console of", instance_id, self._dialect.console)

    async def _list(self) -> list[InstanceReading]:
        return await self._calls("listing instances", lambda driver: [self._reading(node) for node in driver.list_nodes()], question=True)

    def _volumes(self, driver: Any) -> list[VolumeReading]:
        found = [(volume, tags.volume_tags(self._metadata(volume))) for volume in driver.list_volumes()]
        return [VolumeReading(str(each.id), its, self._dialect.holder(each), each.name) for each, its in found if its is not None]

    def _read(self, driver: Any, instance_id: str) -> InstanceReading | None:
        node = _unless_absent(lambda: self._dialect.node(driver, instance_id))
        if node is None:
            return None
        reading = self._reading(node)
        if reading.status is not InstanceStatus.SHUTOFF:
            return reading
        try:
            return replace(reading, stopped_by=self._dialect.stopped_by(driver, node))
        except SENSELESS as error:
            raise MalformedResponseError(f"{node.id} has no record of its stop that can be read", "") from error

    def _reading(self, node: Any) -> InstanceReading:
        metadata = self._metadata(node)
        found = tags.instance_tags(metadata)
        if found is None and metadata.get(tags.CONTROLLER) == self._controller:
            raise MalformedResponseError(f"{node.id} has tags of ours that make no sense", "")
        try:
            login = self._login(node)
        except MalformedResponseError:
            if found is not None and found.controller == self._controller:
                raise
            login = Login("")  # of somebody else's machine; it is no reason to hold all of ours
        return InstanceReading(
            id=str(node.id),
            status=instance_status(node.state),
            tags=found,
            address=login.address,
            port=login.port,
            user=login.user,
            name=str(node.name),
            zone=self._dialect.zone(node),
        )

    def _metadata(self, thing: Any) -> dict[str, str]:
        """What it is tagged with; an answer without it makes no sense, and may hide what is ours."""
        try:
            return dict(self._dialect.metadata(thing))
        except SENSELESS as error:
            raise MalformedResponseError(f"{thing.id} has no tags that can be read", "") from error

    def _login(self, node: Any) -> Login:
        try:
            login = self._dialect.login(node)
        except SENSELESS as error:
            raise MalformedResponseError(f"{node.id} has no address that can be read", "") from error
        if not (isinstance(login.address, str) and isinstance(login.user, str) and type(login.port) is int and 0 < login.port < 65536):
            raise MalformedResponseError(f"{node.id} has an address that makes no sense: {login}", "")
        return login

    async def _with_node(self, doing: str, instance_id: str, action: Callable[[Any, Any], T]) -> T:
        return await self._calls(f"{doing} {instance_id}", lambda driver: action(driver, self._dialect.node(driver, instance_id)))

    async def _named(self, what: str, name: str, list_all: Callable[[Any], list[Any]]) -> Any:
        """The image or size of that id or name; HardInfrastructureError unless there is exactly one. No size asked for: the smallest."""
        known = await self._calls(f"listing {what}s", list_all, question=True)
        if what == "size" and not name:
            return min(known, key=lambda size: size.ram)
        found = [thing for thing in known if thing.id == name] or [thing for thing in known if thing.name == name]
        if not found:
            raise unknown_name(self._name, what, name, [thing.name for thing in known])
        if len(found) > 1:
            ids = ", ".join(str(thing.id) for thing in found)
            raise HardInfrastructureError(f"{self._name}: {len(found)} {what}s are called {name!r}", f"say which by its id: {ids}")
        return found[0]

    def _detached(self, driver: Any, volume_id: str) -> bool:
        """Whether the volume is free; it is told to become so where it is not on its way."""
        volume = self._dialect.volume(driver, volume_id)
        if volume.state == StorageVolumeState.INUSE:
            driver.detach_volume(volume)
            volume = self._dialect.volume(driver, volume_id)
        return bool(volume.state == StorageVolumeState.AVAILABLE)


def preferred(twins: Sequence[VolumeReading]) -> VolumeReading:
    """Of volumes with the same tags (an ambiguous creation may have made two) always the same one: that which is in use has the data."""
    return min(twins, key=lambda each: (not each.holder, each.id))


def _unless_absent(call: Callable[[], T]) -> T | None:
    """What ``call`` returns; None when the cloud knows no such thing."""
    try:
        return call()
    except CLOUD_ERRORS as error:
        if is_absent(error):
            return None
        raise

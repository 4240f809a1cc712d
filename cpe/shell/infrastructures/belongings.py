"""What outlives the instances at a cloud: volumes, ports, floating addresses; found by their tags, freed, deleted.

Rules: what an instance may still write to is never taken from it, and never deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from libcloud.common.types import MalformedResponseError
from libcloud.compute.types import StorageVolumeState

from cpe.shell.infrastructures import tags
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.dialect import Dialect
from cpe.shell.infrastructures.failures import CLOUD_ERRORS, is_absent
from pcloud.errors import AmbiguousError, InfrastructureError
from pcloud.model.instance import PortReading, VolumeReading, VolumeTags

T = TypeVar("T")

GIB = 1024**3

SENSELESS = (LookupError, TypeError, ValueError, AttributeError)
"""What comes of an answer that lacks something, or has something else in its place."""

RELEASE_TIMEOUT = 120.0
"""Seconds for a volume or a port to become free after that was accepted; Cinder takes 2 to 5."""

GOING = {StorageVolumeState.DELETING, StorageVolumeState.DELETED}
"""What is deleted already: nobody may be given it."""

RELEASE_LOOK = 1.0
"""Seconds between two looks whether it is."""


class Belongings:
    """Those of one account; ``controller`` is the name in the tags of what is ours."""

    def __init__(self, name: str, calls: Calls, dialect: Dialect, *, controller: str) -> None:
        self._name = name
        self._calls = calls
        self._dialect = dialect
        self._controller = controller

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
        def listed(driver: Any) -> list[VolumeReading]:
            mine = [
                each for each in self._volumes(driver) if (each.tags.controller, each.tags.deployable) == (self._controller, deployable)
            ]
            for each in mine:  # before anything is deleted
                self._unattached(each.id, each.holder)
            return mine

        mine = await self._calls(f"looking for the volumes of {deployable}", listed)
        for each in mine:
            await self.delete_volume(each.id)
        return [f"{each.tags.assembly}/{each.tags.volume}" for each in mine]

    async def delete_volume(self, volume_id: str) -> None:
        deadline = asyncio.get_running_loop().time() + RELEASE_TIMEOUT
        while not await self._calls(f"deleting volume {volume_id}", lambda driver: self._deleted(driver, volume_id)):
            if asyncio.get_running_loop().time() > deadline:
                raise InfrastructureError(f"{self._name}: volume {volume_id} is busy for {RELEASE_TIMEOUT:g} s, and is not deleted")
            await asyncio.sleep(RELEASE_LOOK)

    def _deleted(self, driver: Any, volume_id: str) -> bool:
        """Whether it is deleted, or gone already; not yet while it is being made or detached."""
        volume = unless_absent(lambda: self._dialect.volume(driver, volume_id))
        if volume is None or volume.state in GOING:
            return True
        self._unattached(volume_id, self._dialect.holder(volume))
        if volume.state not in {StorageVolumeState.AVAILABLE, StorageVolumeState.ERROR}:
            return False
        unless_absent(partial(driver.destroy_volume, volume))
        return True

    def _unattached(self, volume_id: str, holder: str) -> None:
        if holder:
            raise InfrastructureError(f"{self._name}: volume {volume_id} is attached to {holder}")

    async def ports(self) -> Sequence[PortReading]:
        return await self._calls("listing ports", self._dialect.kept, question=True)

    async def delete_ports(self, deployable: str) -> Sequence[str]:
        def delete(driver: Any) -> list[str]:
            ours = (self._controller, deployable)
            mine = [each for each in self._dialect.kept(driver) if (each.tags.controller, each.tags.deployable) == ours]
            for each in sorted(mine, key=lambda port: not port.floating):  # a floating address first: it hangs on its port
                self._delete_port(driver, each)
            self._dialect.forget(driver, self._controller, deployable)
            return [f"{each.tags.assembly} {each.address}" for each in mine]

        return await self._calls(f"deleting the ports of {deployable}", delete)

    async def delete_port(self, port_id: str) -> None:
        def delete(driver: Any) -> None:
            for each in self._dialect.kept(driver):
                if each.id == port_id:
                    self._delete_port(driver, each)

        await self._calls(f"deleting port {port_id}", delete)

    def _delete_port(self, driver: Any, port: PortReading) -> None:
        if port.holder:
            raise InfrastructureError(f"{self._name}: port {port.id} ({port.address}) is attached to {port.holder}")
        unless_absent(partial(self._dialect.delete_port, driver, port))

    def _volumes(self, driver: Any) -> list[VolumeReading]:
        found = [(each, tags.volume_tags(self._metadata(each))) for each in _disks(driver)]
        return [VolumeReading(str(each.id), its, self._dialect.holder(each), each.name) for each, its in found if its is not None]

    def _metadata(self, thing: Any) -> dict[str, str]:
        """What it is tagged with; an answer without it makes no sense, and may hide what is ours."""
        try:
            return dict(self._dialect.metadata(thing))
        except SENSELESS as error:
            raise MalformedResponseError(f"{thing.id} has no tags that can be read", "") from error

    def _detached(self, driver: Any, volume_id: str) -> bool:
        """Whether the volume is free; it is told to become so where it is not on its way."""
        volume = self._dialect.volume(driver, volume_id)
        if volume.state == StorageVolumeState.INUSE:
            self._dialect.detach(driver, volume)
            volume = self._dialect.volume(driver, volume_id)
        if volume.state == StorageVolumeState.ERROR:
            raise InfrastructureError(f"{self._name}: volume {volume_id} is in ERROR", "have it mended at the cloud, or delete it there")
        return bool(volume.state == StorageVolumeState.AVAILABLE)


def _disks(driver: Any) -> list[Any]:
    """All volumes that stay; a driver without volumes has none."""
    try:
        return [each for each in driver.list_volumes() if each.state not in GOING]
    except NotImplementedError:
        return []


def preferred(twins: Sequence[VolumeReading]) -> VolumeReading:
    """Of volumes with the same tags (an ambiguous creation may have made two) always the same one: that which is in use has the data."""
    return min(twins, key=lambda each: (not each.holder, each.id))


def unless_absent(call: Callable[[], T]) -> T | None:
    """What ``call`` returns; None when the cloud knows no such thing."""
    try:
        return call()
    except CLOUD_ERRORS as error:
        if is_absent(error):
            return None
        raise

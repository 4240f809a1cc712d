"""A machine and a volume that are made to see that it can be done, and destroyed again.

Rules: they are tagged as of a deployable whose name no spec can have; they are destroyed at the end, whatever failed before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from pcloud.errors import TimedOutError
from pcloud.model.instance import LaunchOrder, Tags
from pcloud.model.ports import Infrastructure
from pcloud.model.words import InstanceStatus
from pcloud.records.infrastructures import Found, TrialStep
from pcloud.spec.units import duration_text

DEPLOYABLE = "pcloud.trial"
"""No name in a spec has a dot."""

WITHIN = 300.0
"""Seconds for the machine to get where it was sent: a slow cloud takes a minute to boot one."""

LOOK = 0.5
"""Seconds between two looks."""

SMALLEST = 1024**3
"""Bytes: few clouds have smaller volumes."""

Tried = Callable[[str, Callable[[], Awaitable[TrialStep]]], Awaitable[TrialStep]]
"""Makes one step under a name; its errors are in the step."""


class TrialMachine:
    """``controller`` is the name in the tags of what is ours; ``image`` and ``size`` are what the cloud calls them."""

    def __init__(self, infrastructure: Infrastructure, controller: str, *, image: str, size: str) -> None:
        self._infrastructure = infrastructure
        tags = Tags(controller=controller, deployable=DEPLOYABLE, assembly="machine", generation=1)
        self._order = LaunchOrder(name="pcloud-trial", tags=tags, image=image, size=size, user_data=b"")
        self._id = ""

    async def steps(self, tried: Tried) -> AsyncIterator[TrialStep]:
        """Each as it has ended."""
        try:
            for what, step in (("launch", self._launch), ("reboot", self._reboot), ("stop", self._stop), ("start", self._start)):
                found = await tried(what, step)
                yield found
                if found.found is Found.FAILED:
                    break
            yield await tried("volume", self._volume)
        finally:
            removed = await tried("destroy", self._destroy)
        yield removed

    async def _launch(self) -> TrialStep:
        self._id = (await self._infrastructure.create(self._order)).id
        return await self._until(InstanceStatus.ACTIVE, f"{self._id} with image {self._order.image}")

    async def _reboot(self) -> TrialStep:
        await self._infrastructure.reboot(self._id, hard=True)
        return await self._until(InstanceStatus.ACTIVE, "hard")

    async def _stop(self) -> TrialStep:
        await self._infrastructure.stop(self._id)
        return await self._until(InstanceStatus.SHUTOFF)

    async def _start(self) -> TrialStep:
        await self._infrastructure.start(self._id)
        return await self._until(InstanceStatus.ACTIVE)

    async def _volume(self) -> TrialStep:
        made = await self._infrastructure.volume(DEPLOYABLE, "machine", "data", SMALLEST)
        await self._infrastructure.release(made)
        await self._infrastructure.delete_volumes(DEPLOYABLE)
        return TrialStep(what="", found=Found.PASSED, said=f"{made} made and deleted")

    async def _destroy(self) -> TrialStep:
        """Everything that carries the tags, also what a launch left that got no answer, or an earlier trial that was cut off."""
        await self._infrastructure.delete_volumes(DEPLOYABLE)
        left = [each.id for each in await self._infrastructure.find(DEPLOYABLE, "machine")]
        for each in left:
            await self._infrastructure.destroy(each)
        for each in left:
            await self._seen(each, InstanceStatus.ABSENT)
        await self._infrastructure.delete_ports(DEPLOYABLE)
        return TrialStep(what="", found=Found.PASSED, said=f"{', '.join(left)} destroyed" if left else "nothing was left")

    async def _until(self, status: InstanceStatus, said: str = "") -> TrialStep:
        await self._seen(self._id, status)
        return TrialStep(what="", found=Found.PASSED, said="; ".join(part for part in (said, f"the cloud says {status}") if part))

    async def _seen(self, instance_id: str, status: InstanceStatus) -> None:
        try:
            async with asyncio.timeout(WITHIN):
                while (await self._infrastructure.read(instance_id)).status is not status:  # noqa: ASYNC110 - a cloud tells nobody
                    await asyncio.sleep(LOOK)
        except TimeoutError as error:
            raise TimedOutError(f"{instance_id} is not {status} after {duration_text(WITHIN)}", "look at it at the cloud") from error

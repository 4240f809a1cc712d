"""What the contract of the Infrastructure Protocol is tried with: an order, and waiting for what a cloud does by and by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pcloud.model.instance import InstanceReading, LaunchOrder, Tags
from pcloud.model.ports import Infrastructure
from pcloud.model.words import InstanceStatus
from tests.infrastructures.waiting import SLOW

TAGS = Tags("here", "shop", "web", 1)
ORDER = LaunchOrder(name="shop-web-1", tags=TAGS, image="host", size="m1.small", user_data=b"")


async def eventually(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SLOW):
        while not await claim():  # noqa: ASYNC110 - a cloud tells nobody
            await asyncio.sleep(0.05)


async def until(cloud: Infrastructure, instance_id: str, status: InstanceStatus) -> InstanceReading:
    async with asyncio.timeout(SLOW):
        while (reading := await cloud.read(instance_id)).status is not status:
            assert reading.status is not InstanceStatus.ERROR, reading.fault
            await asyncio.sleep(0.05)
    return reading


async def launched(cloud: Infrastructure, order: LaunchOrder) -> InstanceReading:
    made = await cloud.create(order)
    return await until(cloud, made.id, InstanceStatus.ACTIVE)

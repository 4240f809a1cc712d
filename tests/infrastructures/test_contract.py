"""What the Infrastructure Protocol promises: the same cases for both clouds of this host, and for the stand-in that other tests use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpe.shell.infrastructures.adapter import GIB, LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import HardInfrastructureError, InfrastructureError
from pcloud.model.instance import LaunchOrder, Tags, VolumeTags
from pcloud.model.ports import Infrastructure
from pcloud.model.words import InstanceStatus
from tests.agents.nspawn import why_not
from tests.infrastructures.machine_cloud import machine_cloud
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.infrastructures.waiting import PATIENCE

pytestmark = pytest.mark.real

TAGS = Tags("here", "shop", "web", 1)
ORDER = LaunchOrder(name="shop-web-1", tags=TAGS, image="host", size="m1.small", user_data=b"")


BOOTING = [pytest.mark.machine, pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"), pytest.mark.timeout(900)]
"""The first of them may have to build the image."""
MACHINE = pytest.param("machine", marks=BOOTING)


@pytest.fixture(params=["in memory", "local", MACHINE])
def cloud(request: pytest.FixtureRequest, cloud_directory: Path) -> Iterator[Infrastructure]:
    if request.param == "in memory":
        yield MemoryCloud(slowness=0.01)
        return
    if request.param == "machine":
        with machine_cloud(cloud_directory.parent / "lab") as machines:
            yield machines
        return
    infrastructure = build("local", InfrastructureSettings(), controller="here", state_directory=cloud_directory.parent.parent)
    assert isinstance(infrastructure, LibcloudInfrastructure)
    yield infrastructure
    infrastructure.close()


async def until(cloud: Infrastructure, instance_id: str, status: InstanceStatus) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await cloud.read(instance_id)).status is not status:  # noqa: ASYNC110 - a cloud tells nobody
            await asyncio.sleep(0.01)


async def test_what_is_created_is_found_by_its_tags_and_read_by_its_id(cloud: Infrastructure) -> None:
    made = await cloud.create(ORDER)
    assert (made.status, made.tags, made.name) == (InstanceStatus.ACTIVE, TAGS, "shop-web-1")
    assert made.address
    assert made.port
    assert made.user
    assert await cloud.find("shop", "web") == [made]
    assert await cloud.read(made.id) == made
    assert await cloud.find("shop", "db") == []
    assert await cloud.find("blog", "web") == []


async def test_another_controllers_instances_are_not_found(cloud: Infrastructure) -> None:
    await cloud.create(replace(ORDER, tags=replace(TAGS, controller="elsewhere")))
    assert await cloud.find("shop", "web") == []


async def test_all_generations_are_found_whatever_their_status(cloud: Infrastructure) -> None:
    for generation in (1, 2):
        made = await cloud.create(replace(ORDER, tags=replace(TAGS, generation=generation)))
    await cloud.stop(made.id)
    await until(cloud, made.id, InstanceStatus.SHUTOFF)
    found = await cloud.find("shop", "web")
    assert sorted((each.tags.generation, str(each.status)) for each in found if each.tags is not None) == [(1, "ACTIVE"), (2, "SHUTOFF")]


async def test_the_same_order_given_twice_makes_twins(cloud: Infrastructure) -> None:
    first, second = await cloud.create(ORDER), await cloud.create(ORDER)
    assert first.id != second.id
    assert first.address != second.address
    assert {each.id for each in await cloud.find("shop", "web")} == {first.id, second.id}


async def test_an_instance_is_stopped_started_rebooted_and_destroyed(cloud: Infrastructure) -> None:
    made = await cloud.create(ORDER)
    for _ in range(2):  # stopping what is stopped is no error
        await cloud.stop(made.id)
        await until(cloud, made.id, InstanceStatus.SHUTOFF)
    with pytest.raises(InfrastructureError):
        await cloud.reboot(made.id, hard=False)
    for _ in range(2):  # nor is starting what runs
        await cloud.start(made.id)
        await until(cloud, made.id, InstanceStatus.ACTIVE)
    for hard in (False, True):
        await cloud.reboot(made.id, hard=hard)
        await until(cloud, made.id, InstanceStatus.ACTIVE)
    assert (await cloud.read(made.id)).address == made.address
    for _ in range(2):  # gone already is no error
        await cloud.destroy(made.id)
        await until(cloud, made.id, InstanceStatus.ABSENT)
    assert await cloud.find("shop", "web") == []


async def stop_as_somebody_else(cloud: Infrastructure, instance_id: str) -> None:
    """Ada has the instance switched off, at the same cloud."""
    if isinstance(cloud, MemoryCloud):
        cloud.nodes[instance_id].switched(InstanceStatus.SHUTOFF, "ada")
        return

    def stop(driver: Any) -> None:
        hers = copy(getattr(driver, "_driver", driver))  # without the faults that a cloud can be told
        hers.user = "ada"
        hers.stop_node(hers.ex_get_node(instance_id))

    assert isinstance(cloud, LibcloudInfrastructure)
    await cloud.ask("stopping", stop)


async def test_a_reading_says_who_switched_an_instance_off_unless_that_was_us(cloud: Infrastructure) -> None:
    made = await cloud.create(ORDER)
    await cloud.stop(made.id)
    await until(cloud, made.id, InstanceStatus.SHUTOFF)
    await stop_as_somebody_else(cloud, made.id)  # it is off already
    assert (await cloud.read(made.id)).stopped_by == ""
    await cloud.start(made.id)
    await until(cloud, made.id, InstanceStatus.ACTIVE)
    await stop_as_somebody_else(cloud, made.id)
    await until(cloud, made.id, InstanceStatus.SHUTOFF)
    for _ in range(2):
        assert (await cloud.read(made.id)).stopped_by == "ada"
        await cloud.stop(made.id)  # nor have we stopped what was off
    await cloud.start(made.id)
    await until(cloud, made.id, InstanceStatus.ACTIVE)
    assert (await cloud.read(made.id)).stopped_by == ""
    await cloud.destroy(made.id)
    await until(cloud, made.id, InstanceStatus.ABSENT)


async def test_what_is_asked_of_a_missing_instance_is_an_error(cloud: Infrastructure) -> None:
    assert (await cloud.read("nosuchthing")).status is InstanceStatus.ABSENT
    calls: tuple[Callable[[str], Awaitable[object]], ...] = (cloud.stop, cloud.start, cloud.console)
    for call in calls:
        with pytest.raises(InfrastructureError, match="no instance nosuchthing"):
            await call("nosuchthing")


async def test_a_volume_is_created_once_released_and_given_to_the_next_generation(cloud: Infrastructure) -> None:
    volume = await cloud.volume("shop", "web", "data", 5 * GIB)
    assert await cloud.volume("shop", "web", "data", 5 * GIB) == volume
    assert await cloud.volume("shop", "db", "data", 5 * GIB) != volume
    order = replace(ORDER, volumes=((volume, "/data"),))
    first = await cloud.create(order)
    with pytest.raises(InfrastructureError, match="attached to"):
        await cloud.create(replace(order, tags=replace(TAGS, generation=2)))
    with pytest.raises(InfrastructureError, match="stop it first"):
        await cloud.release(volume)
    with pytest.raises(InfrastructureError, match="attached to"):
        await cloud.delete_volumes("shop")

    await cloud.stop(first.id)
    await until(cloud, first.id, InstanceStatus.SHUTOFF)
    await cloud.release(volume)
    await cloud.release(volume)  # free already is no error

    second = await cloud.create(replace(order, tags=replace(TAGS, generation=2)))
    assert second.address != first.address
    await cloud.destroy(second.id)
    await until(cloud, second.id, InstanceStatus.ABSENT)
    assert sorted(await cloud.delete_volumes("shop")) == ["db/data", "web/data"]
    assert await cloud.delete_volumes("shop") == []


async def test_a_stopped_predecessor_holds_no_volume_and_gets_none_back_when_somebody_starts_it(cloud: Infrastructure) -> None:
    volume = await cloud.volume("shop", "web", "data", 5 * GIB)
    order = replace(ORDER, volumes=((volume, "/data"),))
    kept = await cloud.create(order)
    await cloud.stop(kept.id)
    await until(cloud, kept.id, InstanceStatus.SHUTOFF)
    await cloud.release(volume)
    second = await cloud.create(replace(order, tags=replace(TAGS, generation=2)))
    await cloud.start(kept.id)
    await until(cloud, kept.id, InstanceStatus.ACTIVE)
    with pytest.raises(InfrastructureError, match=second.id):
        await cloud.release(volume)
    for each in (kept, second):
        await cloud.destroy(each.id)
        await until(cloud, each.id, InstanceStatus.ABSENT)
    assert await cloud.delete_volumes("shop") == ["web/data"]


async def test_an_unknown_image_or_size_is_a_hard_error_that_names_what_there_is(cloud: Infrastructure) -> None:
    with pytest.raises(HardInfrastructureError, match="no image 'hots'") as refused:
        await cloud.create(replace(ORDER, image="hots"))
    assert "host" in refused.value.cure
    with pytest.raises(HardInfrastructureError, match=r"no size 'm1.smal'") as refused:
        await cloud.create(replace(ORDER, size="m1.smal"))
    assert "m1.small" in refused.value.cure
    assert await cloud.find("shop", "web") == []


async def test_no_size_asked_for_is_one_that_there_is(cloud: Infrastructure) -> None:
    assert (await cloud.create(replace(ORDER, size=""))).status is InstanceStatus.ACTIVE


async def test_all_that_carries_tags_is_listed_whosever_it_is(cloud: Infrastructure) -> None:
    mine = await cloud.create(ORDER)
    other = await cloud.create(replace(ORDER, tags=replace(TAGS, controller="elsewhere", generation=7)))
    await cloud.stop(other.id)
    await until(cloud, other.id, InstanceStatus.SHUTOFF)
    found = {each.id: (each.tags, each.status) for each in await cloud.instances()}
    assert found == {
        mine.id: (TAGS, InstanceStatus.ACTIVE),
        other.id: (Tags("elsewhere", "shop", "web", 7), InstanceStatus.SHUTOFF),
    }


async def test_volumes_are_listed_with_their_tags_and_their_holders_and_deleted_one_by_one(cloud: Infrastructure) -> None:
    free, held = [await cloud.volume("shop", "web", name, GIB) for name in ("free", "held")]
    made = await cloud.create(replace(ORDER, volumes=((held, "/data"),)))
    found = {each.id: (each.tags, each.holder) for each in await cloud.volumes()}
    assert found == {free: (VolumeTags("here", "shop", "web", "free"), ""), held: (VolumeTags("here", "shop", "web", "held"), made.id)}
    with pytest.raises(InfrastructureError, match="attached to"):
        await cloud.delete_volume(held)
    for _ in range(2):  # gone already is no error
        await cloud.delete_volume(free)
    await cloud.destroy(made.id)
    await until(cloud, made.id, InstanceStatus.ABSENT)
    assert [(each.id, each.holder) for each in await cloud.volumes()] == [(held, "")]
    await cloud.delete_volume(held)
    assert await cloud.volumes() == []


async def test_tags_are_put_on_and_taken_off_what_is_there(cloud: Infrastructure) -> None:
    made = await cloud.create(ORDER)
    other = Tags("here", "blog", "db", 4, adopted=True)
    await cloud.tag(made.id, other)
    assert (await cloud.read(made.id)).tags == other
    assert [each.id for each in await cloud.find("blog", "db")] == [made.id]
    await cloud.tag(made.id, TAGS)
    assert (await cloud.read(made.id)).tags == TAGS
    await cloud.tag(made.id, None)
    assert (await cloud.read(made.id)).tags is None
    with pytest.raises(InfrastructureError):
        await cloud.tag("nobody", TAGS)

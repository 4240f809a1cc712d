"""What the Infrastructure Protocol promises: the same cases for clouds of this host, an OpenStack, an EC2, other tests' stand-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from dataclasses import replace
from typing import Any

import pytest
from libcloud.common.exceptions import BaseHTTPError

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.ec2.driver import EC2Driver
from cpe.shell.infrastructures.ec2.stops import SOMEBODY
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from pcloud.errors import HardInfrastructureError, InfrastructureError
from pcloud.model.instance import LaunchOrder, Tags
from pcloud.model.ports import Infrastructure
from pcloud.model.words import InstanceStatus
from tests.infrastructures.contract import TAGS, launched, until
from tests.infrastructures.memory_cloud import MemoryCloud

pytestmark = pytest.mark.real


async def test_what_is_created_is_found_by_its_tags_and_read_by_its_id(cloud: Infrastructure, order: LaunchOrder) -> None:
    made = await launched(cloud, order)
    assert (made.status, made.tags, made.name) == (InstanceStatus.ACTIVE, TAGS, "shop-web-1")
    assert made.address
    assert made.port
    assert await cloud.find("shop", "web") == [made]
    assert await cloud.read(made.id) == made
    assert await cloud.find("shop", "db") == []
    assert await cloud.find("blog", "web") == []


async def test_another_controllers_instances_are_not_found(cloud: Infrastructure, order: LaunchOrder) -> None:
    await launched(cloud, replace(order, tags=replace(TAGS, controller="elsewhere")))
    assert await cloud.find("shop", "web") == []


async def test_all_generations_are_found_whatever_their_status(cloud: Infrastructure, order: LaunchOrder) -> None:
    made = await launched(cloud, order)
    await cloud.stop(made.id)
    await until(cloud, made.id, InstanceStatus.SHUTOFF)
    await launched(cloud, replace(order, tags=replace(TAGS, generation=2)))
    found = await cloud.find("shop", "web")
    assert sorted((each.tags.generation, str(each.status)) for each in found if each.tags is not None) == [(1, "SHUTOFF"), (2, "ACTIVE")]


async def test_the_same_order_given_twice_makes_twins_unless_they_would_share_a_port(
    cloud: Infrastructure, order: LaunchOrder, keeps_ports: bool
) -> None:
    first = await launched(cloud, order)
    if keeps_ports:
        with pytest.raises(InfrastructureError, match=f"is with {first.id}, which is not off"):
            await cloud.create(order)
        return
    second = await launched(cloud, order)
    assert first.id != second.id
    assert first.address != second.address
    assert {each.id for each in await cloud.find("shop", "web")} == {first.id, second.id}


async def test_an_instance_is_stopped_started_rebooted_and_destroyed(cloud: Infrastructure, order: LaunchOrder) -> None:
    made = await launched(cloud, order)
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


async def stop_as_somebody_else(cloud: Infrastructure, instance_id: str) -> str:
    """Somebody has the instance switched off, at the same cloud; by whom."""
    if isinstance(cloud, MemoryCloud):
        cloud.nodes[instance_id].switched(InstanceStatus.SHUTOFF, "ada")
        return "ada"

    def stop(driver: Any) -> str:
        if isinstance(driver, OpenStackDriver):  # by our own user, and by a request that is not ours
            with suppress(BaseHTTPError):  # it is off already
                driver.act(driver.ex_get_node(instance_id), "os-stop")
            return driver.login.user
        if isinstance(driver, EC2Driver):
            driver.halt(driver.ex_get_node(instance_id))
            return SOMEBODY
        hers = copy(getattr(driver, "_driver", driver))  # without the faults that a cloud can be told
        hers.user = "ada"
        hers.stop_node(hers.ex_get_node(instance_id))
        return "ada"

    assert isinstance(cloud, LibcloudInfrastructure)
    return await cloud.ask("stopping", stop)


async def test_a_reading_says_who_switched_an_instance_off_unless_that_was_us(cloud: Infrastructure, order: LaunchOrder) -> None:
    made = await launched(cloud, order)
    await cloud.stop(made.id)
    await until(cloud, made.id, InstanceStatus.SHUTOFF)
    await stop_as_somebody_else(cloud, made.id)  # it is off already
    assert (await cloud.read(made.id)).stopped_by == ""
    await cloud.start(made.id)
    await until(cloud, made.id, InstanceStatus.ACTIVE)
    somebody = await stop_as_somebody_else(cloud, made.id)
    await until(cloud, made.id, InstanceStatus.SHUTOFF)
    for _ in range(2):
        assert (await cloud.read(made.id)).stopped_by == somebody
        await cloud.stop(made.id)  # nor have we stopped what was off
    await cloud.start(made.id)
    await until(cloud, made.id, InstanceStatus.ACTIVE)
    assert (await cloud.read(made.id)).stopped_by == ""
    await cloud.destroy(made.id)
    await until(cloud, made.id, InstanceStatus.ABSENT)


async def test_what_is_asked_of_a_missing_instance_is_an_error(cloud: Infrastructure, order: LaunchOrder) -> None:
    assert (await cloud.read("nosuchthing")).status is InstanceStatus.ABSENT
    calls: tuple[Callable[[str], Awaitable[object]], ...] = (cloud.stop, cloud.start, cloud.console)
    for call in calls:
        with pytest.raises(InfrastructureError, match="no instance nosuchthing"):
            await call("nosuchthing")


async def test_an_unknown_image_or_size_is_a_hard_error_that_names_what_there_is(cloud: Infrastructure, order: LaunchOrder) -> None:
    image, size = order.image[:-1], order.size[:-1]
    with pytest.raises(HardInfrastructureError, match=f"no image '{image}'") as refused:
        await cloud.create(replace(order, image=image))
    assert order.image in refused.value.cure
    with pytest.raises(HardInfrastructureError, match=f"no size '{size}'") as refused:
        await cloud.create(replace(order, size=size))
    assert order.size in refused.value.cure
    assert await cloud.find("shop", "web") == []


async def test_no_size_asked_for_is_one_that_there_is(cloud: Infrastructure, order: LaunchOrder) -> None:
    await launched(cloud, replace(order, size=""))


async def test_all_that_carries_tags_is_listed_whosever_it_is(cloud: Infrastructure, order: LaunchOrder) -> None:
    mine = await launched(cloud, order)
    other = await launched(cloud, replace(order, tags=replace(TAGS, controller="elsewhere", generation=7)))
    await cloud.stop(other.id)
    await until(cloud, other.id, InstanceStatus.SHUTOFF)
    found = {each.id: (each.tags, each.status) for each in await cloud.instances()}
    assert found == {
        mine.id: (TAGS, InstanceStatus.ACTIVE),
        other.id: (Tags("elsewhere", "shop", "web", 7), InstanceStatus.SHUTOFF),
    }


async def test_tags_are_put_on_and_taken_off_what_is_there(cloud: Infrastructure, order: LaunchOrder) -> None:
    made = await launched(cloud, order)
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

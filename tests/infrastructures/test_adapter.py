"""The embedded cloud through the adapter: what the Infrastructure Protocol promises, in its words and with its errors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.infrastructures.adapter import GIB, LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.local import processes
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import HardInfrastructureError, InfrastructureError, RefusedError
from pcloud.model.instance import LaunchOrder, Tags
from pcloud.model.words import InstanceStatus
from tests.infrastructures.access import Access
from tests.infrastructures.waiting import until

pytestmark = pytest.mark.real

TAGS = Tags("here", "shop", "web", 1)
ORDER = LaunchOrder(name="shop-web-1", tags=TAGS, image="host", size="m1.small", user_data=b"")


@pytest.fixture
def cloud(cloud_directory: Path) -> Iterator[LibcloudInfrastructure]:
    infrastructure = build("local", InfrastructureSettings(), controller="here", state_directory=cloud_directory.parent.parent)
    assert isinstance(infrastructure, LibcloudInfrastructure)
    yield infrastructure
    infrastructure.close()


async def test_what_is_created_is_found_by_its_tags_and_read_by_its_id(cloud, access: Access):
    made = await cloud.create(replace(ORDER, user_data=access.user_data()))
    assert made.status is InstanceStatus.ACTIVE
    assert (made.tags, made.name, made.port) == (TAGS, "shop-web-1", 2222)
    assert made.address.startswith("127.")
    assert made.user
    assert await cloud.find("shop", "web") == [made]
    assert await cloud.read(made.id) == made
    assert await cloud.find("shop", "db") == []
    assert await cloud.find("blog", "web") == []


async def test_another_controllers_instances_are_not_found(cloud):
    await cloud.create(replace(ORDER, tags=replace(TAGS, controller="elsewhere")))
    assert await cloud.find("shop", "web") == []


async def test_all_generations_are_found(cloud):
    for generation in (1, 2):
        await cloud.create(replace(ORDER, tags=replace(TAGS, generation=generation)))
    assert [reading.tags.generation for reading in await cloud.find("shop", "web")] == [1, 2]


async def test_an_instance_is_stopped_started_rebooted_and_destroyed(cloud, cloud_directory):
    made = await cloud.create(ORDER)
    directory = cloud_directory / "nodes" / made.id
    await cloud.stop(made.id)
    assert (await cloud.read(made.id)).status is InstanceStatus.SHUTOFF
    assert processes.members(directory) == []
    await cloud.start(made.id)
    assert (await cloud.read(made.id)).status is InstanceStatus.ACTIVE
    file = directory / "root" / "run" / "boot_id"
    for hard in (False, True):
        before = until(lambda: file.exists() and file.read_text())
        await cloud.reboot(made.id, hard=hard)
        until(lambda before=before: file.exists() and file.read_text() != before)
    await cloud.destroy(made.id)
    assert (await cloud.read(made.id)).status is InstanceStatus.ABSENT
    await cloud.destroy(made.id)  # gone already is no error


async def test_what_is_asked_of_a_missing_instance_is_an_error(cloud):
    assert (await cloud.read("nosuchthing")).status is InstanceStatus.ABSENT
    for call in (cloud.stop, cloud.start, cloud.console):
        with pytest.raises(InfrastructureError, match="no instance nosuchthing"):
            await call("nosuchthing")


async def test_a_volume_is_created_once_released_and_given_to_the_next_generation(cloud):
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
    await cloud.release(volume)
    await cloud.release(volume)  # free already is no error

    second = await cloud.create(replace(order, tags=replace(TAGS, generation=2)))
    assert second.address != first.address
    await cloud.destroy(second.id)
    assert sorted(await cloud.delete_volumes("shop")) == ["db/data", "web/data"]
    assert await cloud.delete_volumes("shop") == []


async def test_the_console_is_read(cloud, cloud_directory):
    made = await cloud.create(replace(ORDER, user_data=b"#!/bin/sh\necho hello\n"))
    file = cloud_directory / "nodes" / made.id / "console.log"
    await asyncio.to_thread(until, lambda: "hello\n" in file.read_text())
    assert "hello\n" in await cloud.console(made.id)


async def test_an_unknown_image_or_size_is_a_hard_error_that_names_what_comes_near(cloud):
    with pytest.raises(HardInfrastructureError, match="no image 'hots'") as refused:
        await cloud.create(replace(ORDER, image="hots"))
    assert "host" in refused.value.cure
    with pytest.raises(HardInfrastructureError, match=r"no size 'm1.smal'") as refused:
        await cloud.create(replace(ORDER, size="m1.smal"))
    assert "m1.small" in refused.value.cure


async def test_no_size_asked_for_is_the_smallest(cloud):
    assert (await cloud.create(replace(ORDER, size=""))).status is InstanceStatus.ACTIVE


@pytest.mark.parametrize(("driver", "words"), [("openstack", "not supported yet"), ("locale", "no driver 'locale'")])
def test_a_driver_that_is_not_there_is_refused_with_a_cure(tmp_path, driver, words):
    with pytest.raises(RefusedError, match=words) as refused:
        build("lab", InfrastructureSettings(driver=driver), controller="here", state_directory=tmp_path)
    assert refused.value.cure

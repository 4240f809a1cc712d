"""What the Infrastructure Protocol promises of volumes and ports, likewise: the same cases for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpe.shell.infrastructures.belongings import GIB
from pcloud.errors import InfrastructureError
from pcloud.model.instance import LaunchOrder, PortTags, VolumeTags
from pcloud.model.ports import Infrastructure
from pcloud.model.words import InstanceStatus
from tests.infrastructures.contract import TAGS, eventually, launched, until

pytestmark = pytest.mark.real


async def test_a_volume_is_created_once_released_and_given_to_the_next_generation(
    cloud: Infrastructure, order: LaunchOrder, keeps_ports: bool
) -> None:
    volume = await cloud.volume("shop", "web", "data", 5 * GIB)
    assert await cloud.volume("shop", "web", "data", 5 * GIB) == volume
    assert await cloud.volume("shop", "db", "data", 5 * GIB) != volume
    await cloud.release(volume)
    order = replace(order, volumes=((volume, "/data"),))
    first = await launched(cloud, order)
    with pytest.raises(InfrastructureError, match=r"attached to|is not off"):
        await cloud.create(replace(order, tags=replace(TAGS, generation=2)))
    with pytest.raises(InfrastructureError, match="stop it first"):
        await cloud.release(volume)
    with pytest.raises(InfrastructureError, match="attached to"):
        await cloud.delete_volumes("shop")

    await cloud.stop(first.id)
    await until(cloud, first.id, InstanceStatus.SHUTOFF)
    await cloud.release(volume)
    await cloud.release(volume)  # free already is no error

    second = await launched(cloud, replace(order, tags=replace(TAGS, generation=2)))
    assert (second.address == first.address) is keeps_ports
    await cloud.destroy(second.id)
    await until(cloud, second.id, InstanceStatus.ABSENT)
    await cloud.release(volume)
    assert sorted(await cloud.delete_volumes("shop")) == ["db/data", "web/data"]
    assert await cloud.delete_volumes("shop") == []


async def test_a_stopped_predecessor_holds_no_volume_and_gets_none_back_when_somebody_starts_it(
    cloud: Infrastructure, order: LaunchOrder
) -> None:
    volume = await cloud.volume("shop", "web", "data", 5 * GIB)
    await cloud.release(volume)
    order = replace(order, volumes=((volume, "/data"),))
    kept = await launched(cloud, order)
    await cloud.stop(kept.id)
    await until(cloud, kept.id, InstanceStatus.SHUTOFF)
    await cloud.release(volume)
    second = await launched(cloud, replace(order, tags=replace(TAGS, generation=2)))
    await cloud.start(kept.id)
    await until(cloud, kept.id, InstanceStatus.ACTIVE)
    with pytest.raises(InfrastructureError, match=second.id):
        await cloud.release(volume)
    for each in (kept, second):
        await cloud.destroy(each.id)
        await until(cloud, each.id, InstanceStatus.ABSENT)
    await cloud.release(volume)
    assert await cloud.delete_volumes("shop") == ["web/data"]


async def test_volumes_are_listed_with_their_tags_and_their_holders_and_deleted_one_by_one(
    cloud: Infrastructure, order: LaunchOrder
) -> None:
    free, held = [await cloud.volume("shop", "web", name, GIB) for name in ("free", "held")]
    await cloud.release(held)
    made = await launched(cloud, replace(order, volumes=((held, "/data"),)))
    found = {each.id: (each.tags, each.holder) for each in await cloud.volumes()}
    assert found == {free: (VolumeTags("here", "shop", "web", "free"), ""), held: (VolumeTags("here", "shop", "web", "held"), made.id)}
    with pytest.raises(InfrastructureError, match="attached to"):
        await cloud.delete_volume(held)
    for _ in range(2):  # gone already is no error
        await cloud.delete_volume(free)
    await cloud.destroy(made.id)
    await until(cloud, made.id, InstanceStatus.ABSENT)
    await cloud.release(held)
    assert [(each.id, each.holder) for each in await cloud.volumes()] == [(held, "")]
    await cloud.delete_volume(held)
    assert await cloud.volumes() == []


async def test_a_port_is_kept_from_one_generation_to_the_next_until_it_is_deleted(
    cloud: Infrastructure, order: LaunchOrder, keeps_ports: bool
) -> None:
    first = await launched(cloud, order)
    held = [(each.tags, each.address, each.holder) for each in await cloud.ports()]
    assert held == ([(PortTags("here", "shop", "web"), first.address, first.id)] if keeps_ports else [])
    if keeps_ports:
        for refused in (cloud.delete_ports("shop"), cloud.delete_port((await cloud.ports())[0].id)):
            with pytest.raises(InfrastructureError, match=f"is attached to {first.id}"):
                await refused
    await cloud.destroy(first.id)
    await until(cloud, first.id, InstanceStatus.ABSENT)
    assert [each.holder for each in await cloud.ports()] == ([""] if keeps_ports else [])
    second = await launched(cloud, replace(order, tags=replace(TAGS, generation=2)))
    assert not keeps_ports or second.address == first.address
    await cloud.destroy(second.id)
    await until(cloud, second.id, InstanceStatus.ABSENT)
    assert list(await cloud.delete_ports("blog")) == []
    assert list(await cloud.delete_ports("shop")) == ([f"web {first.address}"] if keeps_ports else [])
    assert list(await cloud.ports()) == []


async def test_an_instance_that_is_destroyed_while_it_holds_a_volume_leaves_it_free(cloud: Infrastructure, order: LaunchOrder) -> None:
    volume = await cloud.volume("shop", "web", "data", GIB)
    await cloud.release(volume)
    made = await launched(cloud, replace(order, volumes=((volume, "/data"),)))
    await cloud.destroy(made.id)
    await until(cloud, made.id, InstanceStatus.ABSENT)
    await cloud.release(volume)
    assert [(each.id, each.holder) for each in await cloud.volumes()] == [(volume, "")]
    await cloud.delete_volume(volume)
    await eventually(lambda: _none(cloud))


async def _none(cloud: Infrastructure) -> bool:
    return not await cloud.volumes()

"""Proof of death on a real OpenStack: with the service on a server's host down, neither a deletion nor "not found" is one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpe.shell.infrastructures import adapter
from cpe.shell.infrastructures.belongings import GIB
from pcloud.errors import AmbiguousError
from pcloud.model.instance import LaunchOrder
from pcloud.model.words import InstanceStatus
from tests.infrastructures.contract import TAGS, launched, until
from tests.infrastructures.openstack_cloud import OPENSTACK, driver, openstack_cloud
from tests.infrastructures.openstack_host import host_down
from tests.infrastructures.waiting import SLOW
from tests.infrastructures.waiting import until as seen

pytestmark = OPENSTACK


@pytest.fixture
def kind() -> str:
    return "openstack"


@pytest.fixture
def cloud(cloud_directory: Path) -> Iterator[Any]:
    with openstack_cloud(cloud_directory) as made:
        yield made


async def test_a_server_that_its_host_has_ended_is_gone_without_a_doubt(cloud: Any, order: LaunchOrder) -> None:
    made = await launched(cloud, order)
    driver("demo").destroy_node(driver("demo").ex_get_node(made.id))
    gone = await until(cloud, made.id, InstanceStatus.ABSENT)
    async with asyncio.timeout(SLOW):
        while gone.doubt:  # the record follows
            await asyncio.sleep(0.2)
            gone = await cloud.read(made.id)
    assert (await cloud.read("0" * 8 + "-0000-0000-0000-" + "0" * 12)).doubt == "the cloud has no record of it"


async def test_a_server_deleted_while_its_host_does_not_answer_is_gone_and_its_volume_is_free_and_that_proves_nothing(
    cloud: Any, order: LaunchOrder
) -> None:
    volume = await cloud.volume("shop", "web", "data", GIB)
    await cloud.release(volume)
    made = await launched(cloud, replace(order, volumes=((volume, "/data"),)))
    with host_down():
        driver("admin").destroy_node(driver("admin").ex_get_node(made.id))  # somebody else, behind our back
        gone = await until(cloud, made.id, InstanceStatus.ABSENT)
        assert gone.doubt == "nothing is recorded of its end: its host may not have heard of it"
        seen(lambda: driver("demo").ex_get_volume(volume).state == "available", "Cinder calls the volume free", SLOW)


async def test_nothing_of_ours_is_deleted_while_its_host_does_not_answer(
    cloud: Any, order: LaunchOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(A pretended server is forgotten when its host's service begins anew: it cannot be seen off then, as a real one is.)"""
    monkeypatch.setattr(adapter, "OFF_WITHIN", 3.0)  # a minute and a half of the same
    volume = await cloud.volume("shop", "web", "data", GIB)
    await cloud.release(volume)
    made = await launched(cloud, replace(order, volumes=((volume, "/data"),)))
    with host_down():
        with pytest.raises(AmbiguousError, match=r"is ACTIVE 3 s after its stop was asked for: it is not deleted") as failed:
            await cloud.destroy(made.id)
        assert "its host may not answer" in failed.value.cure
        assert driver("demo").ex_get_volume(volume).state == "inuse"
        second = replace(order, tags=replace(TAGS, generation=2), volumes=((volume, "/data"),))
        with pytest.raises(Exception, match="is not off"):
            await cloud.create(second)

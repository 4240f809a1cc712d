"""Machines that are fenced are seen to be off, or gone, or that cannot be told (policy.md section 6)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pcloud.errors import InfrastructureError
from pcloud.model.words import InstanceStatus
from tests.shell.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_fenced_is_off_after_a_stop_of_ours(house: House) -> None:
    house.cloud.slowness = 3.0
    for status in (InstanceStatus.ACTIVE, InstanceStatus.SHUTOFF):
        node = house.put(1)
        node.status = status
        assert await house.machines.fence(house.instance(node), disposable=False)
        assert node.status is InstanceStatus.SHUTOFF
        assert f"stop {node.id}" in house.cloud.asked
    assert now() >= 3.0


async def test_fencing_what_is_gone_says_so(house: House) -> None:
    node = house.put(1)
    del house.cloud.nodes[node.id]
    assert not await house.machines.fence(house.instance(node), disposable=False)


async def test_an_instance_in_error_is_deleted_where_nothing_can_be_lost_with_it(house: House) -> None:
    house.cloud.slowness = 3.0
    node = house.put(1)
    node.status = InstanceStatus.ERROR
    assert await house.machines.fence(house.instance(node), disposable=True)
    assert house.cloud.nodes == {}


async def test_an_instance_in_error_that_holds_something_is_neither_deleted_nor_called_fenced(house: House) -> None:
    node = house.put(1)
    node.status = InstanceStatus.ERROR
    with pytest.raises(InfrastructureError, match="lab-1 is in ERROR at lab: it cannot be seen to be off"):
        await house.machines.fence(house.instance(node), disposable=False)
    assert list(house.cloud.nodes) == [node.id]


async def test_the_end_of_the_console_is_kept_and_its_lack_is_no_failure(house: House) -> None:
    node = house.put(1)
    node.console = f"{'x' * 50_000}\nKernel panic - not syncing\n\n"
    said = await house.machines.console(house.instance(node))
    assert said.rstrip().endswith("Kernel panic - not syncing")
    assert len(said) <= 8192
    del house.cloud.nodes[node.id]
    assert await house.machines.console(house.instance(node)) == ""
    house.cloud.down = True
    assert await house.machines.console(house.instance(node)) == ""

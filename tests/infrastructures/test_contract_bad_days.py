"""What every cloud's bad days come to: the same cases on ``local``, which is told them, and on an OpenStack and an EC2 behind a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.local.faults import told
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import AmbiguousError, InfrastructureError
from pcloud.model.instance import LaunchOrder
from pcloud.model.words import InstanceStatus
from tests.infrastructures import ec2_cloud as ec2
from tests.infrastructures.api_proxy import api_proxy
from tests.infrastructures.contract import TAGS, eventually, launched, until
from tests.infrastructures.ec2_cloud import EC2
from tests.infrastructures.openstack_cloud import OPENSTACK, driver, openstack_cloud

pytestmark = pytest.mark.real

FIND = ("shop", "web")


@dataclass(frozen=True)
class BadDay:
    """A cloud, and the way to tell it what happens."""

    cloud: LibcloudInfrastructure
    told: Callable[[Mapping[str, Mapping[str, object]]], None]


@pytest.fixture(params=["local", pytest.param("openstack", marks=OPENSTACK), pytest.param("ec2", marks=EC2)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def day(kind: str, cloud_directory: Path, request: pytest.FixtureRequest) -> Iterator[BadDay]:
    if kind == "local":
        infrastructure = build("local", InfrastructureSettings(), controller="here", state_directory=cloud_directory.parent.parent)
        assert isinstance(infrastructure, LibcloudInfrastructure)
        yield BadDay(infrastructure, lambda faults: told(cloud_directory, faults))
        infrastructure.close()
        return
    if kind == "ec2":
        with api_proxy(request.getfixturevalue("ec2_url"), ec2.call_of) as proxy, ec2.ec2_cloud(proxy.url) as instances:
            yield BadDay(instances, lambda faults: proxy.told(**faults))
        return
    with (
        api_proxy(driver("demo").login.address(driver("demo").connection.service)) as proxy,
        openstack_cloud(cloud_directory, {"compute_endpoint_override": proxy.url}) as cloud,
    ):
        yield BadDay(cloud, lambda faults: proxy.told(**faults))


async def test_a_creation_that_is_not_answered_is_ambiguous_and_is_found_by_its_tags(day: BadDay, order: LaunchOrder) -> None:
    day.told({"create": {"then": "broken", "times": 1}})
    with pytest.raises(AmbiguousError):
        await day.cloud.create(order)
    await eventually(lambda: _listed(day))
    (found,) = await day.cloud.find(*FIND)
    assert found.tags == TAGS


async def _listed(day: BadDay) -> bool:
    return bool(await day.cloud.find(*FIND))


@pytest.mark.parametrize(("status", "kind_of_error"), [(500, AmbiguousError), (503, AmbiguousError), (409, InfrastructureError)])
async def test_what_is_refused_is_not_done(day: BadDay, order: LaunchOrder, status: int, kind_of_error: type[Exception]) -> None:
    day.told({"create": {"status": status}})
    with pytest.raises(InfrastructureError) as failed:
        await day.cloud.create(order)
    assert type(failed.value) is kind_of_error
    day.told({})
    assert await day.cloud.find(*FIND) == []


async def test_a_busy_cloud_is_left_alone_and_a_question_is_put_again(day: BadDay) -> None:
    day.told({"list": {"status": 503, "retry_after": 0.5, "times": 2}})
    began = asyncio.get_running_loop().time()
    assert await day.cloud.find(*FIND) == []
    assert asyncio.get_running_loop().time() - began >= 1.0


async def test_what_was_not_taken_is_asked_again_and_done_once(day: BadDay, order: LaunchOrder) -> None:
    day.told({"create": {"status": 429, "retry_after": 0.1, "times": 1}})
    made = await launched(day.cloud, order)
    assert [each.id for each in await day.cloud.find(*FIND)] == [made.id]


async def test_a_slow_cloud_answers_all_the_same(day: BadDay, order: LaunchOrder) -> None:
    day.told({"*": {"delay": 0.5}})
    made = await launched(day.cloud, order)
    assert [each.id for each in await day.cloud.find(*FIND)] == [made.id]


async def test_a_stale_list_is_corrected_by_a_single_read(day: BadDay, order: LaunchOrder) -> None:
    made = await launched(day.cloud, order)
    assert [each.status for each in await day.cloud.find(*FIND)] == [InstanceStatus.ACTIVE]
    day.told({"list": {"stale": 600}})
    await day.cloud.find(*FIND)
    await day.cloud.destroy(made.id)
    await until(day.cloud, made.id, InstanceStatus.ABSENT)
    assert [each.status for each in await day.cloud.find(*FIND)] == [InstanceStatus.ACTIVE]
    assert (await day.cloud.read(made.id)).status is InstanceStatus.ABSENT

"""The embedded cloud on its bad days, through the adapter that every cloud is met through."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.calls import TRIES
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.faults import CALLS, FILE, told
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import AmbiguousError, InfrastructureError
from pcloud.model.words import InstanceStatus
from tests.infrastructures.contract import ORDER
from tests.infrastructures.machines import create

pytestmark = pytest.mark.real

FIND = (ORDER.tags.deployable, ORDER.tags.assembly)


@pytest.fixture
def cloud(cloud_directory: Path) -> Iterator[LibcloudInfrastructure]:
    infrastructure = build("local", InfrastructureSettings(), controller="here", state_directory=cloud_directory.parent.parent)
    assert isinstance(infrastructure, LibcloudInfrastructure)
    yield infrastructure
    infrastructure.close()


def machines(directory: Path) -> list[str]:
    return [node.name for node in LocalNodeDriver(directory).list_nodes()]


async def took(work: object) -> float:
    began = asyncio.get_running_loop().time()
    await work  # type: ignore[misc]
    return asyncio.get_running_loop().time() - began


def test_every_method_that_can_fail_is_one_of_the_driver():
    assert [name for name in CALLS if name not in dir(LocalNodeDriver)] == []


async def test_nothing_happens_unless_it_is_told_and_nothing_any_more_when_the_file_is_gone(cloud, cloud_directory):
    assert await cloud.find(*FIND) == []
    told(cloud_directory, {"*": {"status": 500}})
    with pytest.raises(AmbiguousError, match="500 list fails"):
        await cloud.find(*FIND)
    (cloud_directory / FILE).unlink()
    assert await cloud.find(*FIND) == []


async def test_it_is_slow(cloud, cloud_directory):
    told(cloud_directory, {"list": {"delay": 0.3, "times": 1}})
    assert await took(cloud.find(*FIND)) >= 0.3


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ({"status": 500}, AmbiguousError, "500 create fails"),
        ({"status": 409}, InfrastructureError, "409 create fails"),
        ({"status": "refused"}, InfrastructureError, "nobody listens"),
        ({"status": "timeout"}, AmbiguousError, "no answer in time"),
    ],
)
async def test_what_it_refuses_it_does_not_do(cloud, cloud_directory, fault, kind, words):
    told(cloud_directory, {"create": fault})
    with pytest.raises(InfrastructureError, match=words) as failed:
        await cloud.create(ORDER)
    assert type(failed.value) is kind
    assert machines(cloud_directory) == []


@pytest.mark.parametrize("how", ["timeout", "broken"])
async def test_it_creates_and_does_not_say_so(cloud, cloud_directory, how):
    told(cloud_directory, {"create": {"then": how, "times": 1}})
    with pytest.raises(AmbiguousError):
        await cloud.create(ORDER)
    assert machines(cloud_directory) == [ORDER.name]


async def test_it_answers_twice(cloud, cloud_directory):
    told(cloud_directory, {"create": {"twice": True, "times": 1}})
    made = await cloud.create(ORDER)
    assert machines(cloud_directory) == [ORDER.name] * 2
    assert made.id in [each.id for each in await cloud.find(*FIND)]


async def test_its_list_is_out_of_date_and_its_word_of_one_machine_is_not(cloud, cloud_directory):
    made = await cloud.create(ORDER)
    told(cloud_directory, {"list": {"stale": 60}})
    assert [each.status for each in await cloud.find(*FIND)] == [InstanceStatus.ACTIVE]
    await cloud.destroy(made.id)
    assert [each.status for each in await cloud.find(*FIND)] == [InstanceStatus.ACTIVE]
    assert (await cloud.read(made.id)).status is InstanceStatus.ABSENT
    told(cloud_directory, {})
    assert await cloud.find(*FIND) == []


async def test_a_list_is_no_older_than_told(cloud, cloud_directory):
    told(cloud_directory, {"list": {"stale": 0.2}})
    assert await cloud.find(*FIND) == []
    await cloud.create(replace(ORDER))
    assert await cloud.find(*FIND) == []
    await asyncio.sleep(0.25)
    await cloud.find(*FIND)
    await asyncio.sleep(0.25)
    assert len(await cloud.find(*FIND)) == 1


async def test_a_busy_cloud_is_left_alone_for_as_long_as_it_asks(cloud, cloud_directory):
    told(cloud_directory, {"list": {"status": 503, "retry_after": 0.3, "times": 1}})
    assert await took(cloud.find(*FIND)) >= 0.3
    told(cloud_directory, {"create": {"status": 503, "retry_after": 0.5, "times": 1}})
    with pytest.raises(AmbiguousError):
        await cloud.create(ORDER)
    assert await took(cloud.read("another")) >= 0.4  # whatever it is asked


async def test_what_was_not_taken_is_asked_again_and_what_may_have_been_done_is_not(cloud, cloud_directory):
    told(cloud_directory, {"create": {"status": 429, "retry_after": 0.1, "times": TRIES - 1}})
    await cloud.create(ORDER)
    told(cloud_directory, {"create": {"status": 503, "retry_after": 0.1, "times": 1}})
    with pytest.raises(AmbiguousError):
        await cloud.create(ORDER)
    assert len(machines(cloud_directory)) == 1


async def test_it_is_not_asked_for_ever(cloud, cloud_directory):
    told(cloud_directory, {"list": {"status": 429, "retry_after": 0}})
    with pytest.raises(InfrastructureError, match="429 Rate limit exceeded"):
        await cloud.find(*FIND)


async def test_a_call_without_the_time_to_wait_is_not_made(cloud, cloud_directory):
    told(cloud_directory, {"create": {"status": 429, "retry_after": 250, "times": 1}})
    with pytest.raises(InfrastructureError, match="429"):
        await cloud.create(ORDER)
    with pytest.raises(InfrastructureError, match="not asked, the cloud wants to be left alone for another 2"):
        await cloud.create(ORDER)
    assert machines(cloud_directory) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"list": {"slow": 3}}', "list.slow: Extra inputs are not permitted"),
        ('{"list": {"status": 200}}', "list.status"),
        ('{"lists": {"delay": 1}}', "there is no call lists; there are [*], attach_volume, console, create"),
        ("list: 1", "Invalid JSON"),
    ],
)
async def test_a_file_that_makes_no_sense_is_an_error_that_says_so(cloud, cloud_directory, text, words):
    (cloud_directory / FILE).write_text(text)
    with pytest.raises(InfrastructureError, match=f"json makes no sense: .*{words}"):
        await cloud.find(*FIND)
    (cloud_directory / FILE).write_text("{}")
    assert await cloud.find(*FIND) == []


def test_what_nobody_could_suffer_is_not_told(cloud_directory):
    with pytest.raises(ValueError, match="there is no call lists; there are"):
        told(cloud_directory, {"lists": {"status": 500}})
    with pytest.raises(ValueError, match="status"):
        told(cloud_directory, {"list": {"status": 200}})
    assert not (cloud_directory / FILE).exists()


def test_whoever_goes_to_the_driver_itself_has_no_bad_days(driver, cloud_directory):
    told(cloud_directory, {"*": {"status": 500}})
    assert create(driver).name in machines(cloud_directory)

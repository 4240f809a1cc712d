"""The embedded cloud through the adapter: what is its own beyond ``test_contract.py``, and which drivers there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.local import processes
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.infrastructures.trial import _lists
from pcloud.errors import HardInfrastructureError, RefusedError
from pcloud.model.words import InstanceStatus
from pcloud.records.infrastructures import Found
from tests.infrastructures.access import Access
from tests.infrastructures.contract import ORDER, TAGS
from tests.infrastructures.waiting import until

pytestmark = pytest.mark.real


@pytest.fixture
def cloud(cloud_directory: Path) -> Iterator[LibcloudInfrastructure]:
    infrastructure = build("local", InfrastructureSettings(), controller="here", state_directory=cloud_directory.parent.parent)
    assert isinstance(infrastructure, LibcloudInfrastructure)
    yield infrastructure
    infrastructure.close()


async def test_a_machine_is_reached_at_a_loopback_address(cloud, access: Access):
    made = await cloud.create(replace(ORDER, user_data=access.user_data()))
    assert made.address.startswith("127.")
    assert made.port == 2222


async def test_what_is_launched_together_has_its_image_and_size_looked_up_once(cloud):
    await asyncio.gather(*(cloud.create(replace(ORDER, tags=replace(TAGS, assembly=each))) for each in ("web", "db", "cache")))
    assert cloud.tally.ended[("listing", "ok")][0] == 2


async def test_stopping_ends_all_processes_and_a_reboot_is_a_new_boot(cloud, cloud_directory):
    made = await cloud.create(ORDER)
    directory = cloud_directory / "nodes" / made.id
    await cloud.stop(made.id)
    assert processes.members(directory) == []
    await cloud.start(made.id)
    file = directory / "root" / "run" / "boot_id"
    for hard in (False, True):
        before = until(lambda: file.exists() and file.read_text())
        await cloud.reboot(made.id, hard=hard)
        until(lambda before=before: file.exists() and file.read_text() != before)


async def test_the_console_is_read(cloud, cloud_directory):
    made = await cloud.create(replace(ORDER, user_data=b"#!/bin/sh\necho hello\n"))
    file = cloud_directory / "nodes" / made.id / "console.log"
    await asyncio.to_thread(until, lambda: "hello\n" in file.read_text())
    assert "hello\n" in await cloud.console(made.id)


@pytest.mark.parametrize(("driver", "words"), [("openstak", "no driver 'openstak'"), ("locale", "no driver 'locale'")])
def test_a_driver_that_is_not_there_is_refused_with_a_cure(tmp_path, driver, words):
    with pytest.raises(RefusedError, match=words) as refused:
        build("lab", InfrastructureSettings(driver=driver), controller="here", state_directory=tmp_path)
    assert refused.value.cure


async def test_another_of_libclouds_drivers_is_taken_as_far_as_its_base_goes(tmp_path):
    made = build("toy", InfrastructureSettings(driver="dummy", args={"creds": 0}), controller="here", state_directory=tmp_path)
    assert isinstance(made, LibcloudInfrastructure)
    assert await made.count() == (2, 0)  # libcloud's own toy has two machines that are nobody's
    assert list(await made.volumes()) == []
    assert (await made.read("1")).status is InstanceStatus.ACTIVE
    assert (await made.read("17")).status is InstanceStatus.ABSENT
    await made.reboot("1", hard=True)
    with pytest.raises(HardInfrastructureError, match="libcloud's driver dummy pcloud cannot give a machine user data and tags"):
        await made.create(replace(ORDER, image="Ubuntu 9.10", size="Small"))
    found = {step.what: step.found async for step in _lists(made)}
    assert found["user data and tags"] is Found.LACKING
    assert (found["images"], found["volumes"]) == (Found.PASSED, Found.LACKING)
    made.close()


def test_another_driver_is_refused_args_that_are_not_its_own(tmp_path):
    with pytest.raises(RefusedError, match="libcloud's driver rackspace: missing a required argument: 'key'") as refused:
        build("rack", InfrastructureSettings(driver="rackspace", args={"secret": "s"}), controller="here", state_directory=tmp_path)
    assert "region" in refused.value.cure

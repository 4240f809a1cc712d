"""The adapter and real guests, on a lab in size ``full``: they boot, obey their user data, and hand a volume with its data on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpe.shell.infrastructures.belongings import GIB
from openstack_lab.content import GUEST_IMAGE
from pcloud.model.instance import InstanceReading, LaunchOrder
from pcloud.model.words import InstanceStatus
from tests.infrastructures.access import PLAN, Access
from tests.infrastructures.conftest import access, cloud_directory
from tests.infrastructures.contract import TAGS, eventually, launched, until
from tests.infrastructures.openstack_cloud import FULL, openstack_cloud
from tests.infrastructures.waiting import until as seen
from tests.openstack_lab.keeping import KEEPER

__all__ = ["access", "cloud_directory"]  # fixtures

pytestmark = FULL

BOOT = 900.0
"""Seconds to a login: half a minute under emulation, and many times that on a machine that does much else."""
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
MARKER = "cat /var/lib/pcloud/provisioned"


@pytest.fixture
def cloud(cloud_directory: Path) -> Iterator[Any]:
    KEEPER.ensure("full")
    with openstack_cloud(cloud_directory) as made:
        yield made


@pytest.fixture
def login(access: Access) -> Callable[[InstanceReading, str], str]:
    """What a command prints in a guest that shows the host key it was given, as soon as it succeeds there."""

    def login(guest: InstanceReading, command: str) -> str:
        def attempt() -> subprocess.CompletedProcess[str] | None:
            words = access.ssh("pcloud", guest.address, 22, command)
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
            return done if done.returncode == 0 else None

        return seen(attempt, f"{command} in {guest.name}", BOOT).stdout

    return login


async def test_a_guest_obeys_its_user_data_and_its_volume_goes_from_one_to_the_next(
    cloud: Any, access: Access, login: Callable[[InstanceReading, str], str]
) -> None:
    volume = await cloud.volume("shop", "web", "data", GIB)
    await cloud.release(volume)
    words = access.user_data(replace(PLAN, provision="#!/bin/sh\nhostname >/etc/seen\n"), [(volume, "/data")])
    order = LaunchOrder("shop-web-1", TAGS, GUEST_IMAGE, "lab.small", words, volumes=((volume, "/data"),))

    first = await launched(cloud, order)
    assert [each.id for each in await cloud.find("shop", "web")] == [first.id]
    assert login(first, f"{MARKER} /etc/seen") == "0\nshop-web-1\n"
    assert login(first, "lsblk --noheadings --bytes --output SIZE,MOUNTPOINT | awk '$2 == \"/data\" {print $1}'") == f"{GIB}\n"
    login(first, "echo kept | sudo tee /data/file && sync")
    before = login(first, BOOT_ID)
    await eventually(lambda: _told(cloud, first.id))

    await cloud.reboot(first.id, hard=True)
    seen(lambda: login(first, BOOT_ID) != before, "another boot", BOOT)
    assert login(first, "cat /data/file") == "kept\n"
    await cloud.stop(first.id)
    assert (await until(cloud, first.id, InstanceStatus.SHUTOFF)).stopped_by == ""
    await cloud.release(volume)

    second = await launched(cloud, replace(order, name="shop-web-2", tags=replace(TAGS, generation=2)))
    assert second.address == first.address
    assert login(second, f"{MARKER} /data/file") == "0\nkept\n"
    for each in (second, first):  # the second while it runs, with its volume attached
        await cloud.destroy(each.id)
        await until(cloud, each.id, InstanceStatus.ABSENT)
    await cloud.release(volume)
    assert [(each.id, each.holder) for each in await cloud.volumes()] == [(volume, "")]
    assert await cloud.delete_volumes("shop") == ["web/data"]
    assert len(await cloud.delete_ports("shop")) == 1


async def _told(cloud: Any, instance_id: str) -> bool:
    """Whether its console shows that the boot has come to an end."""
    return "cloud-init" in (await cloud.console(instance_id)).lower()

"""The contract of the Infrastructure Protocol with guests that boot, in the lab's size ``full``: what pretended servers cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.belongings import GIB
from pcloud.model.instance import InstanceReading, LaunchOrder
from pcloud.model.words import InstanceStatus
from tests.infrastructures.access import PLAN, Access
from tests.infrastructures.contract import ORDER, TAGS, eventually, launched, until
from tests.infrastructures.openstack_cloud import OPENSTACK_FULL, driver, openstack_cloud
from tests.infrastructures.waiting import SLOW
from tests.infrastructures.waiting import until as seen
from tests.openstack_lab.keeping import KEEPER

pytestmark = OPENSTACK_FULL

MOUNT = "/data"
BOOT = "cat /proc/sys/kernel/random/boot_id"


@pytest.fixture
def cloud(cloud_directory: Path) -> Iterator[LibcloudInfrastructure]:
    KEEPER.ensure("full")
    with openstack_cloud(cloud_directory) as made:
        yield made


@dataclass(frozen=True)
class Inside:
    """Somebody logged in to guests, by the host key that each was given."""

    access: Access

    def run(self, guest: InstanceReading, command: str) -> str:
        """What it prints, as soon as the guest lets us in."""
        node = SimpleNamespace(public_ips=[guest.address], extra={"ssh_port": 22, "ssh_user": "pcloud"})
        done = self.access.run(node, command, patience=SLOW)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def provisioned(self, guest: InstanceReading) -> str:
        """Its boot, once all of its user data was obeyed."""
        self.run(guest, "until test -e /var/lib/pcloud/provisioned; do sleep 1; done; test $(cat /var/lib/pcloud/provisioned) = 0")
        return self.run(guest, BOOT)

    def booted_anew(self, guest: InstanceReading, before: str) -> str:
        """Its boot, as soon as that is another one."""
        return seen(lambda: found if (found := self.run(guest, BOOT)) != before else "", "it has booted", SLOW)


@pytest.fixture
def inside(access: Access) -> Inside:
    return Inside(access)


def a_guest(access: Access, generation: int = 1, *volumes: str) -> LaunchOrder:
    mounted = [(each, MOUNT) for each in volumes]
    plan = replace(PLAN, provision="#!/bin/sh\necho provisioned\n")
    tags = replace(TAGS, generation=generation)
    return replace(
        ORDER,
        name=f"shop-web-{generation}",
        tags=tags,
        image="debian",
        size="lab.small",
        volumes=tuple(mounted),
        user_data=access.user_data(plan, mounted),
    )


async def test_a_guest_lets_its_user_in_by_the_host_key_it_was_given_and_comes_back_from_both_reboots(
    cloud: LibcloudInfrastructure, access: Access, inside: Inside
) -> None:
    guest = await launched(cloud, a_guest(access))
    assert await cloud.find("shop", "web") == [guest]
    boot = inside.provisioned(guest)
    assert inside.run(guest, "hostname; sudo -n cat /var/lib/pcloud/provision.log") == "shop-web-1\nprovisioned"
    for hard in (False, True):
        await cloud.reboot(guest.id, hard=hard)
        boot = inside.booted_anew(guest, boot)
    assert await until(cloud, guest.id, InstanceStatus.ACTIVE) == guest
    assert "Cloud-init v." in await cloud.console(guest.id)


async def test_a_guest_that_powers_itself_off_was_stopped_by_nobody_and_one_that_somebody_stops_by_that_somebody(
    cloud: LibcloudInfrastructure, access: Access, inside: Inside
) -> None:
    guest = await launched(cloud, a_guest(access))
    boot = inside.provisioned(guest)
    inside.run(guest, "sudo -n systemd-run --on-active=1 systemctl poweroff")
    assert (await until(cloud, guest.id, InstanceStatus.SHUTOFF)).stopped_by == ""
    await cloud.start(guest.id)
    await until(cloud, guest.id, InstanceStatus.ACTIVE)
    inside.booted_anew(guest, boot)
    demo = driver("demo")
    demo.act(demo.ex_get_node(guest.id), "os-stop")
    assert (await until(cloud, guest.id, InstanceStatus.SHUTOFF)).stopped_by == demo.login.user


async def test_a_guest_destroyed_while_it_holds_its_volume_leaves_it_and_its_address_to_the_next(
    cloud: LibcloudInfrastructure, access: Access, inside: Inside
) -> None:
    volume = await cloud.volume("shop", "web", "data", GIB)
    await cloud.release(volume)
    first = await launched(cloud, a_guest(access, 1, volume))
    inside.provisioned(first)
    inside.run(first, f"sudo -n sh -c 'echo kept >{MOUNT}/file; sync; exec dd if=/dev/zero of={MOUNT}/more bs=1M count=64 status=none'")
    assert await holders(cloud) == [first.id]
    await cloud.destroy(first.id)
    await until(cloud, first.id, InstanceStatus.ABSENT)
    await cloud.release(volume)
    assert await holders(cloud) == [""]

    second = await launched(cloud, a_guest(access, 2, volume))
    assert (second.address, second.port) == (first.address, first.port)
    inside.provisioned(second)
    assert inside.run(second, f"cat {MOUNT}/file; findmnt --noheadings --output TARGET {MOUNT}") == f"kept\n{MOUNT}"
    await cloud.destroy(second.id)
    await eventually(lambda: _nothing_holds(cloud))


async def holders(cloud: Any) -> list[str]:
    return [each.holder for each in await cloud.volumes()]


async def _nothing_holds(cloud: Any) -> bool:
    return await holders(cloud) == [""]

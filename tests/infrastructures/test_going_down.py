"""What whoever watches a machine of the embedded cloud hears when somebody else switches it off, and when it just dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cpe.shell.infrastructures.local import processes
from pcloud.model.instance import Instance
from pcloud.model.ports import ContactMissed, ContactSeen, StoppingSeen
from tests.agents.processes import send
from tests.agents.sightings import Sightings, plan, running_agent
from tests.infrastructures.access import Access
from tests.infrastructures.machines import create, home

pytestmark = pytest.mark.real


@asynccontextmanager
async def watched(node: Any, access: Access) -> AsyncIterator[Sightings]:
    """An agent that has contact with the machine."""
    host_key = access.keyring.host_pair("shop", "web", 1)[1]
    instance = Instance(node.id, 1, node.public_ips[0], node.extra["ssh_port"], node.extra["ssh_user"], host_key)
    async with running_agent(instance, access.keyring.client_path, plan()) as (_, sightings):
        await sightings.first(ContactSeen)
        sightings.all.clear()  # it may have been too early for the first attempts
        yield sightings


async def test_a_stop_from_outside_is_told_before_contact_is_lost(driver: Any, access: Access) -> None:
    node = create(driver, access.user_data())
    async with watched(node, access) as sightings:
        await asyncio.to_thread(driver.stop_node, node)
        await sightings.first(ContactMissed)
        told = [type(each) for each in sightings.all if isinstance(each, StoppingSeen | ContactMissed)]
        assert told[:2] == [StoppingSeen, ContactMissed]


async def test_a_soft_reboot_is_told_before_the_next_boot(driver: Any, access: Access) -> None:
    node = create(driver, access.user_data())
    async with watched(node, access) as sightings:
        await asyncio.to_thread(driver.reboot_node, node)
        await sightings.first(ContactSeen)
        assert len(sightings.of(StoppingSeen)) == 1


@pytest.mark.parametrize("fault", ["destroyed", "rebooted hard"])
async def test_a_machine_that_is_killed_tells_nothing(driver: Any, access: Access, fault: str) -> None:
    node = create(driver, access.user_data())
    async with watched(node, access) as sightings:
        await asyncio.to_thread(driver.destroy_node if fault == "destroyed" else driver.ex_hard_reboot_node, node)
        await sightings.first(ContactMissed if fault == "destroyed" else ContactSeen)
        assert not sightings.of(StoppingSeen)


async def test_the_end_of_sshd_alone_tells_nothing(driver: Any, access: Access) -> None:
    node = create(driver, access.user_data())
    async with watched(node, access) as sightings:
        for pid in processes.members(home(driver, node)):
            if pid != processes.supervisor(home(driver, node)):
                send(pid, 15)  # what an orderly power-off sends as well
        await sightings.first(ContactMissed)
        assert not sightings.of(StoppingSeen)


async def test_a_service_that_takes_long_to_end_does_not_keep_the_goodbye_back(driver: Any, access: Access) -> None:
    slow = "#!/bin/sh\nsetsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' >/dev/null 2>&1 &\n"
    node = create(driver, access.provisioned_by(slow))
    async with watched(node, access) as sightings:
        stopping = asyncio.create_task(asyncio.to_thread(driver.stop_node, node))
        await sightings.first(StoppingSeen)
        assert not stopping.done()
        await stopping
        assert processes.members(home(driver, node)) == []

"""What a real OpenStack refuses, in one clear message each, with nothing left behind; and who has stopped what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from cpe.shell.infrastructures.belongings import GIB
from pcloud.errors import HardInfrastructureError
from pcloud.model.instance import LaunchOrder
from pcloud.model.words import InstanceStatus
from tests.infrastructures.contract import TAGS, launched, until
from tests.infrastructures.openstack_cloud import IMAGE, OPENSTACK, driver, openstack_cloud
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


@contextmanager
def flavour(name: str, **words: int) -> Iterator[str]:
    """One more size, for everybody."""
    admin = driver("admin")
    made = admin.compute("/flavors", "POST", {"flavor": {"name": name, "vcpus": 1, "ram": 64, "disk": 1, **words}})["flavor"]
    try:
        yield name
    finally:
        admin.compute(f"/flavors/{made['id']}", "DELETE")


async def test_a_project_without_room_is_told_before_anything_is_made(cloud_directory: Path, order: LaunchOrder) -> None:
    with openstack_cloud(cloud_directory, cloud="small") as cloud:
        await launched(cloud, replace(order, size="lab.small"))
        other = replace(order, name="shop-db-1", size="lab.small", tags=replace(TAGS, assembly="db"))
        with pytest.raises(HardInfrastructureError, match=r"no room \(memory: 512 of 768 MiB used, 512 more needed\)") as refused:
            await cloud.create(other)
        assert "quota" in refused.value.cure
        assert len(driver("small").list_nodes()) == 1
        assert await cloud.volume("shop", "web", "data", GIB)
        with pytest.raises(HardInfrastructureError, match=r"[Qq]uota"):
            await cloud.volume("shop", "web", "more", GIB)


async def test_a_server_that_no_host_can_take_is_in_error_with_the_reason(cloud: Any, order: LaunchOrder) -> None:
    with flavour("lab.vast", ram=10_000_000) as vast:
        made = await cloud.create(replace(order, size=vast))
        seen(lambda: driver("demo").ex_get_node(made.id).state == "error", "the scheduler gives up", SLOW)
        reading = await cloud.read(made.id)
        assert (reading.status, reading.fault) == (InstanceStatus.ERROR, "No valid host was found. ")
        await cloud.destroy(made.id)
        await until(cloud, made.id, InstanceStatus.ABSENT)


async def test_a_size_that_nobody_may_use_is_refused_for_good(cloud: Any, order: LaunchOrder) -> None:
    with flavour("lab.diskless", disk=0) as diskless, pytest.raises(HardInfrastructureError, match="zero disk"):
        await cloud.create(replace(order, size=diskless))
    assert await cloud.find("shop", "web") == []


@contextmanager
def full_network() -> Iterator[str]:
    """One that everybody may use, and whose two addresses are taken."""
    admin = driver("admin")
    words = {"name": "full", "shared": True, "provider:network_type": "local"}
    network = admin.network("/networks", "POST", {"network": words})["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "192.0.2.0/30", "gateway_ip": None, "enable_dhcp": False}
    admin.network("/subnets", "POST", {"subnet": subnet})
    taken = [admin.network("/ports", "POST", {"port": {"network_id": network}})["port"]["id"] for _ in range(2)]
    try:
        yield "full"
    finally:
        for port in taken:
            admin.network(f"/ports/{port}", "DELETE")
        admin.network(f"/networks/{network}", "DELETE")


async def test_a_network_without_free_addresses_is_told(cloud: Any, order: LaunchOrder) -> None:
    with full_network() as full:
        with pytest.raises(HardInfrastructureError, match="No more IP addresses available"):
            await cloud.create(replace(order, networks=(full,)))
        assert await cloud.ports() == []


@contextmanager
def demanding_image(megabytes: int) -> Iterator[None]:
    """The lab's image says that it needs so much memory."""
    admin = driver("admin")
    (image,) = [each.id for each in admin.list_images() if each.name == IMAGE]

    def needs(value: int) -> None:
        headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
        url = f"{admin.login.address(admin.image_connection.service)}/v2/images/{image}"
        words = [{"op": "replace", "path": "/min_ram", "value": value}]
        answer = requests.patch(url, json=words, headers={**headers, "X-Auth-Token": admin.login.value}, timeout=60)
        assert answer.ok, answer.text

    needs(megabytes)
    try:
        yield
    finally:
        needs(0)


async def test_a_size_that_is_too_small_for_the_image_is_told(cloud: Any, order: LaunchOrder) -> None:
    with demanding_image(512), pytest.raises(HardInfrastructureError, match="memory is too small"):
        await cloud.create(order)
    assert await cloud.find("shop", "web") == []


@pytest.mark.parametrize(
    ("args", "said", "cure"),
    [
        ({"networks": ["providr"]}, "there is no network 'providr'", "provider"),
        ({"security_groups": ["defualt"]}, "there is no security group 'defualt'", "default"),
        ({"key_pair": "anns"}, "there is no key pair 'anns'", ""),
        ({"zone": "nowa"}, "there is no zone 'nowa'", "nova"),
        ({"floating_network": "publik"}, "there is no network 'publik'", "provider"),
    ],
)
async def test_an_unknown_name_is_told_with_what_there_is(cloud_directory, order, args, said, cure) -> None:
    with openstack_cloud(cloud_directory, **args) as cloud:
        with pytest.raises(HardInfrastructureError, match=said) as refused:
            await cloud.create(order)
        assert cure in refused.value.cure
        assert (await cloud.find("shop", "web"), await cloud.ports()) == ([], [])


async def test_everything_that_args_say_is_obeyed(cloud_directory: Path, order: LaunchOrder) -> None:
    demo = driver("demo")
    demo.compute("/os-keypairs", "POST", {"keypair": {"name": "anns"}})
    group = demo.network("/security-groups", "POST", {"security_group": {"name": "web"}})["security_group"]["id"]
    args = {"networks": "provider", "security_groups": ["web"], "key_pair": "anns", "zone": "nova", "config_drive": True}
    try:
        with openstack_cloud(cloud_directory, **args) as cloud:
            made = await launched(cloud, replace(order, spread=True))
            node = demo.ex_get_node(made.id)
            assert (node.extra["key_name"], node.extra["config_drive"], made.zone) == ("anns", "True", "nova")
            (port,) = demo.network("/ports", params={"device_id": made.id})["ports"]
            assert port["security_groups"] == [group]
            (servers,) = [each["members"] for each in demo.compute("/os-server-groups")["server_groups"]]
            assert servers == [made.id]
            await cloud.destroy(made.id)
            await until(cloud, made.id, InstanceStatus.ABSENT)
            await cloud.delete_ports("shop")
            assert demo.compute("/os-server-groups")["server_groups"] == []
    finally:
        demo.compute("/os-keypairs/anns", "DELETE")
        demo.network(f"/security-groups/{group}", "DELETE")


async def test_a_stop_is_its_users_and_ours_is_nobodys_whichever_controller_asks(cloud_directory: Path, order: LaunchOrder) -> None:
    demo, admin = driver("demo"), driver("admin")
    with openstack_cloud(cloud_directory) as cloud:
        made = await launched(cloud, order)
        for who in (demo, admin):  # the same user by other means than ours, and another user
            who.act(who.ex_get_node(made.id), "os-stop")
            assert (await until(cloud, made.id, InstanceStatus.SHUTOFF)).stopped_by == who.login.user
            await cloud.start(made.id)
            await until(cloud, made.id, InstanceStatus.ACTIVE)
        await cloud.stop(made.id)
        await until(cloud, made.id, InstanceStatus.SHUTOFF)
        (cloud_directory / "again").mkdir()
        with openstack_cloud(cloud_directory / "again") as again:
            assert (await again.read(made.id)).stopped_by == ""

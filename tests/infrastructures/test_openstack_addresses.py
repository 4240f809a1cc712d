"""Floating addresses on a real OpenStack, as far as Neutron's records go: nothing routes in the lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pcloud.model.instance import LaunchOrder, PortTags
from pcloud.model.words import InstanceStatus
from tests.infrastructures.contract import TAGS, launched, until
from tests.infrastructures.openstack_cloud import OPENSTACK, driver, openstack_cloud

pytestmark = OPENSTACK

OUTSIDE = "192.0.2.0/24"  # a network for documents (RFC 5737): it is a record only


@pytest.fixture
def kind() -> str:
    return "openstack"


@contextmanager
def outside() -> Iterator[str]:
    """A network that is reached from outside, and a router to the provider's."""
    admin = driver("admin")
    words = {"name": "outside", "router:external": True, "provider:network_type": "local"}
    network = admin.network("/networks", "POST", {"network": words})["network"]["id"]
    admin.network("/subnets", "POST", {"subnet": {"network_id": network, "ip_version": 4, "cidr": OUTSIDE, "enable_dhcp": False}})
    gateway = {"external_gateway_info": {"network_id": network}}
    router = admin.network("/routers", "POST", {"router": {"name": "way out", **gateway}})["router"]["id"]
    (inside,) = [each["id"] for each in admin.network("/networks")["networks"] if each["name"] == "provider"]
    port = admin.network("/ports", "POST", {"port": {"network_id": inside}})["port"]["id"]
    admin.network(f"/routers/{router}/add_router_interface", "PUT", {"port_id": port})
    try:
        yield "outside"
    finally:
        admin.network(f"/routers/{router}/remove_router_interface", "PUT", {"port_id": port})
        admin.network(f"/routers/{router}", "DELETE")
        admin.network(f"/networks/{network}", "DELETE")


async def test_an_assembly_is_reached_by_its_floating_address_which_moves_with_its_port(cloud_directory: Path, order: LaunchOrder) -> None:
    with outside() as network, openstack_cloud(cloud_directory, floating_network=network) as cloud:
        first = await launched(cloud, order)
        assert first.address.startswith("192.0.2.")
        mine = PortTags("here", "shop", "web")
        held = {each.floating: (each.tags, each.holder) for each in await cloud.ports()}
        assert held == {False: (mine, first.id), True: (mine, first.id)}
        await cloud.stop(first.id)
        await until(cloud, first.id, InstanceStatus.SHUTOFF)
        second = await launched(cloud, replace(order, tags=replace(TAGS, generation=2)))
        assert second.address == first.address
        for each in (first, second):
            await cloud.destroy(each.id)
            await until(cloud, each.id, InstanceStatus.ABSENT)
        assert {each.holder for each in await cloud.ports()} == {""}
        assert len(await cloud.delete_ports("shop")) == 2
        assert driver("demo").network("/floatingips")["floatingips"] == []

"""The ports that assemblies keep, with their addresses: found by their mark, made once, given to one server after the other.

Rules: a port is taken from nobody that may run: from a server that is off by Nova, and by Neutron where Nova cannot; its floating address
moves with it. Of several ports with one mark (an ambiguous creation may have made two) always the same one is used: that which is in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import requests
from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures import tags
from cpe.shell.infrastructures.failures import is_absent
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from pcloud.errors import InfrastructureError
from pcloud.model.instance import PortReading, PortTags

PATIENCE = 20.0
"""Seconds for Nova to take a port from a server that is off; then Neutron does."""

Port = dict[str, Any]


def preferred(ports: Sequence[Port]) -> Port:
    """Of twins the one that is in use, else always the same."""
    return min(ports, key=lambda port: (not port["device_id"], port["id"]))


def find_or_create(driver: OpenStackDriver, network: Port, mark: PortTags, security_groups: Sequence[str] | None) -> Port:
    """The assembly's port in a network. ``security_groups`` are ids; None leaves the cloud's default."""
    description = tags.port_mark(mark)
    found = driver.network("/ports", params={"description": description, "network_id": network["id"]})["ports"]
    if found:
        port = preferred(found)
        if security_groups is not None and sorted(port["security_groups"]) != sorted(security_groups):
            port = change(driver, port, security_groups=list(security_groups))
        return port
    wanted: Port = {"network_id": network["id"], "name": f"{mark.deployable}-{mark.assembly}", "description": description}
    if security_groups is not None:
        wanted["security_groups"] = list(security_groups)
    made: Port = driver.network("/ports", "POST", {"port": wanted})["port"]
    return made


def change(driver: OpenStackDriver, port: Port, **words: Any) -> Port:
    changed: Port = driver.network(f"/ports/{port['id']}", "PUT", {"port": words})["port"]
    return changed


def address(port: Port) -> str:
    """The first one; "" where the network has no subnet."""
    return next((str(each["ip_address"]) for each in port.get("fixed_ips", ())), "")


def freed(driver: OpenStackDriver, port: Port, infrastructure: str) -> bool:
    """Whether nothing has the port; it is taken from a server that is off. InfrastructureError where it is one that may run."""
    holder = port["device_id"]
    if not holder:
        return True
    try:
        node = driver.ex_get_node(holder)
    except BaseHTTPError as error:
        if not is_absent(error):
            raise
        change(driver, port, device_id="", device_owner="")  # of a server that Nova does not know any more
        return True
    if node.state not in {NodeState.STOPPED, NodeState.ERROR}:
        raise InfrastructureError(
            f"{infrastructure}: port {port['id']} ({address(port)}) is with {holder}, which is not off: nothing else can have its address",
            f"stop {holder} at the cloud, or see what it is: openstack server show {holder}",
        )
    return taken(driver, port, holder)


def taken(driver: OpenStackDriver, port: Port, holder: str) -> bool:
    """Whether the port has been taken from a server that is off."""
    asked = next((each for each in driver.actions(holder) if each["action"] == "detach_interface"), None)
    if asked is None:
        try:
            driver.compute(f"/servers/{holder}/os-interface/{port['id']}", "DELETE")
        except BaseHTTPError as error:
            if error.code != requests.codes.conflict and not is_absent(error):
                raise
        return False
    since = (datetime.now(UTC) - datetime.fromisoformat(asked["start_time"]).replace(tzinfo=UTC)).total_seconds()
    if asked["message"] or since > PATIENCE:  # it failed, or its host does not hear: the server is off, that is enough
        change(driver, port, device_id="", device_owner="")
        return True
    return False


def floating(driver: OpenStackDriver, network: Port, port: Port, mark: PortTags) -> str:
    """The assembly's floating address, made where there is none and moved to its port."""
    description = tags.port_mark(mark)
    found = driver.network("/floatingips", params={"description": description})["floatingips"]
    if not found:
        wanted = {"floating_network_id": network["id"], "port_id": port["id"], "description": description}
        return str(driver.network("/floatingips", "POST", {"floatingip": wanted})["floatingip"]["floating_ip_address"])
    kept = min(found, key=lambda each: (each["port_id"] != port["id"], each["id"]))
    if kept["port_id"] != port["id"]:
        driver.network(f"/floatingips/{kept['id']}", "PUT", {"floatingip": {"port_id": port["id"]}})
    return str(kept["floating_ip_address"])


def marked(driver: OpenStackDriver) -> list[PortReading]:
    """All ports and floating addresses that carry tags as ours do, ports first."""
    project = {"project_id": driver.login.project}
    ports = driver.network("/ports", params=project)["ports"]
    found = [PortReading(each["id"], mark, address(each), each["device_id"]) for each in ports if (mark := _mark(each))]
    try:
        floatings = driver.network("/floatingips", params=project)["floatingips"]
    except BaseHTTPError as error:
        if not is_absent(error):
            raise
        floatings = []  # a cloud without routers has none
    holders = {each["id"]: each["device_id"] for each in ports}
    return found + [
        PortReading(each["id"], mark, each["floating_ip_address"], holders.get(each["port_id"], ""), floating=True)
        for each in floatings
        if (mark := _mark(each))
    ]


def _mark(thing: Port) -> PortTags | None:
    return tags.port_tags(thing.get("description") or "")

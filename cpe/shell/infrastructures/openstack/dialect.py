"""How an OpenStack is spoken to."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.dialect import Login, Whole
from cpe.shell.infrastructures.openstack import deaths, groups, ports, quota, stops
from cpe.shell.infrastructures.openstack.args import OpenStackArgs
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from cpe.shell.infrastructures.openstack.names import Names
from pcloud.errors import HardInfrastructureError, InfrastructureError
from pcloud.model.instance import LaunchOrder, PortReading, PortTags

FLOATING = "pcloud-floating"
"""The metadata of a server that is reached by a floating address, so that no other one is taken for it while that is not shown yet."""

CONSOLE_LINES = 2000
"""More than a boot prints; the caller keeps 8 KiB of its end."""

FEW = 3
"""Names that are told as examples."""

NO_CONSOLE = {requests.codes.not_found, requests.codes.conflict, requests.codes.not_implemented}
"""What Nova answers for a server, or a hypervisor, that has no console to read."""

FOR_GOOD = {requests.codes.bad_request, requests.codes.forbidden}
"""What Nova answers to an order that it will never obey: a size too small for the image, say."""


class OpenStackDialect(Whole):
    """The Dialect of OpenStackDriver; ``name`` begins errors."""

    lateness = 120.0
    user_data_limit: int | None = 65535
    off_first = True
    off_to_reboot = False

    def __init__(self, name: str, args: OpenStackArgs) -> None:
        self._name = name
        self._args = args
        self._names = Names(name)

    @property
    def trials(self) -> Mapping[str, Callable[[Any], str]]:
        return {"account": account, "networks": networks, "args": self._named}

    def _named(self, driver: OpenStackDriver) -> str:
        """Whether all that is named is there; HardInfrastructureError."""
        args = self._args
        wanted = [("network", each) for each in (*args.networks, *filter(None, [args.floating_network]))]
        wanted += [("security group", each) for each in args.security_groups]
        wanted += [(what, each) for what, each in (("key pair", args.key_pair), ("zone", args.zone)) if each]
        found = [f"{what} {self._names.find(driver, what, each)['name']}" for what, each in wanted]
        return f"found: {', '.join(found)}" if found else "nothing is named"

    def metadata(self, thing: Any) -> Mapping[str, str]:
        metadata: Mapping[str, str] = thing.extra["metadata"]
        return metadata

    def tag(self, driver: OpenStackDriver, node: Any, metadata: Mapping[str, str | None]) -> None:
        for key, value in metadata.items():
            if value is None and key in node.extra["metadata"]:
                driver.compute(f"/servers/{node.id}/metadata/{key}", "DELETE")
        put = {key: value for key, value in metadata.items() if value is not None}
        if put:
            driver.compute(f"/servers/{node.id}/metadata", "POST", {"metadata": put})

    def login(self, node: Any) -> Login:
        found = [each for addresses in node.extra["addresses"].values() for each in addresses]
        floating = [each["addr"] for each in found if each.get("OS-EXT-IPS:type") == "floating"]
        if floating or FLOATING in node.extra["metadata"]:
            return Login(next(iter(floating), ""))
        by_version = sorted(found, key=lambda each: each.get("version", 4))
        return Login(node.extra.get("access_ip") or next((each["addr"] for each in by_version), ""))

    def zone(self, node: Any) -> str:
        return str(node.extra.get("availability_zone") or "")

    def fault(self, node: Any) -> str:
        return str((node.extra.get("fault") or {}).get("message", ""))

    def node(self, driver: OpenStackDriver, instance_id: str) -> Any:
        return driver.ex_get_node(instance_id)

    def prepare(self, driver: OpenStackDriver, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        server, hints = self._wanted(driver, order, size=size, image=image, metadata=metadata)
        kept = self._ports(driver, order)
        if False in [ports.freed(driver, each, self._name) for each in kept]:  # each of them is asked for
            return None
        if network := self._args.floating_network:
            ports.floating(driver, self._names.find(driver, "network", network), kept[0], mark_of(order))
        return {**server, "networks": [{"port": each["id"]} for each in kept]}, hints

    def _wanted(self, driver: OpenStackDriver, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        """The server without its ports, and the scheduler's hints. What must be refused is refused before anything is made."""
        quota.expect_room(driver, size, f"{self._name}: creating {order.name}")
        args = self._args
        if args.floating_network:
            self._names.find(driver, "network", args.floating_network)
        server: dict[str, Any] = {
            "name": order.name,
            "imageRef": image.id,
            "flavorRef": size.id,
            "metadata": {**metadata, **({FLOATING: "yes"} if args.floating_network else {})},
            "user_data": base64.b64encode(order.user_data).decode(),
        }
        if order.volumes:
            server["block_device_mapping_v2"] = disks(image.id, [volume for volume, _ in order.volumes])
        if args.zone:
            server["availability_zone"] = self._names.find(driver, "zone", args.zone)["id"]
        if args.key_pair:
            server["key_name"] = self._names.find(driver, "key pair", args.key_pair)["id"]
        if args.config_drive is not None:
            server["config_drive"] = args.config_drive
        return server, {"group": groups.find_or_create(driver, order.tags)} if order.spread else {}

    def _ports(self, driver: OpenStackDriver, order: LaunchOrder) -> list[Any]:
        """Those that the assembly keeps, one in each network."""
        wanted = order.networks or self._args.networks
        networks = [self._names.find(driver, "network", each) for each in wanted] or [self._names.only_network(driver)]
        secured = [self._names.find(driver, "security group", each)["id"] for each in self._args.security_groups] or None
        return [ports.find_or_create(driver, network, mark_of(order), secured) for network in networks]

    def create(self, driver: OpenStackDriver, order: LaunchOrder, prepared: Any) -> Any:
        try:
            return driver.create_server(*prepared)
        except BaseHTTPError as error:
            if error.code not in FOR_GOOD:
                raise
            raise HardInfrastructureError(f"{self._name}: creating {order.name}: {error}", "change what is asked for") from error

    def start(self, driver: OpenStackDriver, node: Any) -> None:
        self._unless_so(driver, node, (NodeState.RUNNING, "powering-on"), lambda: driver.act(node, "os-start"))

    def stop(self, driver: OpenStackDriver, node: Any) -> None:
        if node.state != NodeState.STOPPED:
            self._unless_so(driver, node, (NodeState.STOPPED, "powering-off"), lambda: stops.stop(driver, node))

    def reboot(self, driver: OpenStackDriver, node: Any, *, hard: bool) -> None:
        driver.act(node, "reboot", type="HARD" if hard else "SOFT")

    def console(self, driver: OpenStackDriver, node: Any) -> str:
        try:
            data = {"os-getConsoleOutput": {"length": CONSOLE_LINES}}
            return str(driver.compute(f"/servers/{node.id}/action", "POST", data)["output"])
        except BaseHTTPError as error:
            if error.code in NO_CONSOLE:
                return ""
            raise

    def stopped_by(self, driver: OpenStackDriver, node: Any) -> str:
        return stops.stopped_by(driver, node)

    def doubt(self, driver: OpenStackDriver, instance_id: str) -> str:
        return deaths.doubt(driver, instance_id)

    def volume(self, driver: OpenStackDriver, volume_id: str) -> Any:
        return driver.ex_get_volume(volume_id)

    def holder(self, volume: Any) -> str:
        return next((str(each["server_id"]) for each in volume.extra["attachments"]), "")

    def create_volume(self, driver: OpenStackDriver, name: str, size: int, metadata: Mapping[str, str]) -> Any:
        words = {"name": name, "size": size, "metadata": dict(metadata)}
        if self._args.volume_type:
            words["volume_type"] = self._args.volume_type
        return driver.create_tagged_volume(words)

    def detach(self, driver: OpenStackDriver, volume: Any) -> None:
        holder = self.holder(volume)
        state = driver.ex_get_node(holder).state
        if state not in {NodeState.STOPPED, NodeState.ERROR, NodeState.TERMINATED}:
            raise InfrastructureError(f"{self._name}: {holder} is on, and volume {volume.id} is attached to it: stop it first")
        driver.detach_volume(volume)

    def kept(self, driver: OpenStackDriver) -> list[PortReading]:
        return ports.marked(driver)

    def delete_port(self, driver: OpenStackDriver, port: PortReading) -> None:
        driver.network(f"/{'floatingips' if port.floating else 'ports'}/{port.id}", "DELETE")

    def forget(self, driver: OpenStackDriver, controller: str, deployable: str) -> None:
        groups.delete(driver, controller, deployable)

    def _unless_so(self, driver: OpenStackDriver, node: Any, so: tuple[object, object], act: Callable[[], object]) -> None:
        """Nova refuses (409) what is so already, and what is on its way: ``so`` are the state and the task that show it."""
        try:
            act()
        except BaseHTTPError as error:
            if error.code != requests.codes.conflict:
                raise
            now = driver.ex_get_node(node.id)
            if now.state != so[0] and now.extra.get("task_state") != so[1]:
                raise


def mark_of(order: LaunchOrder) -> PortTags:
    """The tags of the ports of an order's assembly."""
    return PortTags(order.tags.controller, order.tags.deployable, order.tags.assembly)


def account(driver: OpenStackDriver) -> str:
    """Who we are there, and how much is used of what we may."""
    login, limits = driver.login, driver.compute("/limits")["limits"]["absolute"]
    used = f"{limits.get('totalInstancesUsed')} of {limits.get('maxTotalInstances')} servers used (-1: as many as you like)"
    return f"{login.account.who}, {login.account.interface} interface; {used}"


def networks(driver: OpenStackDriver) -> str:
    """Their names."""
    names = sorted(str(each["name"] or each["id"]) for each in driver.network("/networks")["networks"])
    if not names:
        raise HardInfrastructureError("there is no network", "without one no server can be reached: openstack network create")
    return f"{len(names)} listed: {', '.join(names[:FEW])}{f' and {len(names) - FEW} more' if len(names) > FEW else ''}"


def disks(image: str, volumes: Sequence[str]) -> list[dict[str, object]]:
    """The image first, then the volumes, which stay when the server goes."""
    root = {"boot_index": 0, "uuid": image, "source_type": "image", "destination_type": "local", "delete_on_termination": True}
    kept = {"boot_index": -1, "source_type": "volume", "destination_type": "volume", "delete_on_termination": False}
    return [root, *({**kept, "uuid": volume} for volume in volumes)]

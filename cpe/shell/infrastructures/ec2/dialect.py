"""How EC2 is spoken to."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from libcloud.common.exceptions import BaseHTTPError

from cpe.shell.infrastructures.dialect import Login
from cpe.shell.infrastructures.ec2 import creating, names, stops, volumes
from cpe.shell.infrastructures.ec2.args import EC2Args
from cpe.shell.infrastructures.ec2.driver import ATTACH, EC2Driver, tagged
from cpe.shell.infrastructures.failures import is_absent
from pcloud.errors import HardInfrastructureError, InfrastructureError
from pcloud.model.instance import LaunchOrder, PortReading

YOUNG = 60.0
"""Seconds for which an instance that was just made may not be shown: EC2 tells all its parts by and by."""


class EC2Dialect:
    """The Dialect of EC2Driver; ``name`` begins errors."""

    lateness = 120.0
    user_data_limit: int | None = 4 * 16384 // 3  # 16 KiB before they are encoded
    off_first = False  # what is called terminated is off

    def __init__(self, name: str, args: EC2Args) -> None:
        self._name = name
        self._args = args
        self._made: dict[str, float] = {}
        # A public address of EC2's own choice is lost by a stop; there a hard reboot is left to EC2, which forces it after some minutes.
        self.off_to_reboot = args.address == "private"

    @property
    def trials(self) -> Mapping[str, Callable[[Any], str]]:
        return {"account": account, "args": self._named}

    def _named(self, driver: EC2Driver) -> str:
        """Whether all that is named is there; HardInfrastructureError."""
        subnet = self._subnet(driver, self._args.subnet)
        found = [f"subnet {subnet.id} in {subnet.zone}"] if subnet else []
        found += [f"zone {names.find(driver, self._name, 'zone', self._args.zone).id}"] if self._args.zone else []
        found += [f"security group {each}" for each in self._groups(driver, subnet)]
        found += [f"key pair {names.find(driver, self._name, 'key pair', self._args.key_pair).id}"] if self._args.key_pair else []
        self._zone(driver, subnet, "")
        return f"found: {', '.join(found)}" if found else "nothing is named"

    def _subnet(self, driver: EC2Driver, wanted: str) -> names.Thing | None:
        return names.find(driver, self._name, "subnet", wanted) if wanted else None

    def _groups(self, driver: EC2Driver, subnet: names.Thing | None) -> list[str]:
        network = subnet.network if subnet else ""
        return [names.find(driver, self._name, "security group", each, network).id for each in self._args.security_groups]

    def _zone(self, driver: EC2Driver, subnet: names.Thing | None, of_volumes: str) -> str:
        """The zone for an instance, "" for any; HardInfrastructureError where it would have to be in two."""
        asked = names.find(driver, self._name, "zone", self._args.zone).id if self._args.zone else ""
        wanted = {"args.zone": asked, "its subnet": subnet.zone if subnet else "", "its volumes": of_volumes}
        said = {whose: zone for whose, zone in wanted.items() if zone}
        if len(set(said.values())) > 1:
            both = " and ".join(f"{zone} ({whose})" for whose, zone in said.items())
            raise HardInfrastructureError(
                f"{self._name}: an instance cannot be in {both}", "name a subnet of the zone where the volumes are"
            )
        return next(iter(said.values()), "")

    def metadata(self, thing: Any) -> Mapping[str, str]:
        metadata: Mapping[str, str] = thing.extra["tags"]
        return metadata

    def tag(self, driver: EC2Driver, node: Any, metadata: Mapping[str, str | None]) -> None:
        driver.put_tags(node.id, {key: value for key, value in metadata.items() if value is not None or key in node.extra["tags"]})

    def zone(self, node: Any) -> str:
        return str(node.extra.get("availability") or "")

    def stopped_by(self, driver: EC2Driver, node: Any) -> str:
        return stops.stopped_by(node)

    def login(self, node: Any) -> Login:
        addresses = node.public_ips if self._args.address == "public" else node.private_ips
        return Login(next(iter(addresses), ""))

    def fault(self, node: Any) -> str:
        return ""  # what could not be built is terminated

    def node(self, driver: EC2Driver, instance_id: str) -> Any:
        try:
            node = driver.ex_get_node(instance_id)
        except BaseHTTPError as error:
            if is_absent(error) and time.monotonic() - self._made.get(instance_id, -YOUNG) < YOUNG:
                raise BaseHTTPError(503, f"{instance_id} was made just now, and is not shown yet") from error
            raise
        if node.extra["status"] == "terminated":
            raise BaseHTTPError(404, f"{instance_id} is terminated: {node.extra['state_message'] or 'no reason given'}")
        return node

    def furnished(self, driver: EC2Driver, node: Any) -> Any:
        return volumes.furnished(driver, node, self._name)

    def images(self, driver: EC2Driver, name: str) -> list[Any]:
        found: list[Any] = []
        if name.startswith("ami-"):
            try:
                found = driver.image(name)
            except BaseHTTPError as error:
                if not is_absent(error):
                    raise
        return found or driver.list_images(name=[name]) or driver.list_images()

    def sizes(self, driver: EC2Driver, name: str) -> list[Any]:
        return driver.list_sizes(**{"instance-type": [name or self._args.size]}) or driver.list_sizes()

    def prepare(self, driver: EC2Driver, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        if order.spread:
            raise HardInfrastructureError(f"{self._name}: {order.name} has spread: true, which is not spoken here", "leave it out")
        if len(order.networks) > 1:
            raise HardInfrastructureError(f"{self._name}: {order.name} has {len(order.networks)} networks", "name one subnet")
        wanted = [volume for volume, _ in order.volumes]
        zone = volumes.zone_of_all(driver, self._name, wanted)
        subnet = self._subnet(driver, next(iter(order.networks), self._args.subnet))
        marks = {"Name": order.name, **metadata, **({ATTACH: " ".join(wanted)} if wanted else {})}
        params = {"ImageId": image.id, "InstanceType": size.id, "UserData": base64.b64encode(order.user_data).decode()}
        if zone := self._zone(driver, subnet, zone):
            params["Placement.AvailabilityZone"] = zone
        if self._args.key_pair:
            params["KeyName"] = names.find(driver, self._name, "key pair", self._args.key_pair).id
        return {**params, **self._interface(driver, subnet), **tagged("instance", marks)}

    def _interface(self, driver: EC2Driver, subnet: names.Thing | None) -> dict[str, str]:
        groups = self._groups(driver, subnet)
        public = self._args.address == "public"
        before = "NetworkInterface.1." if public else ""
        params = {f"{before}SecurityGroupId.{number}": each for number, each in enumerate(groups, 1)}
        if subnet:
            params[f"{before}SubnetId"] = subnet.id
        return {**params, f"{before}DeviceIndex": "0", f"{before}AssociatePublicIpAddress": "true"} if public else params

    def create(self, driver: EC2Driver, order: LaunchOrder, prepared: Any) -> Any:
        node = creating.create(driver, order.tags, prepared, f"{self._name}: creating {order.name}")
        now = time.monotonic()
        self._made = {**{each: at for each, at in self._made.items() if now - at < YOUNG}, node.id: now}
        return node

    def start(self, driver: EC2Driver, node: Any) -> None:
        stops.start(driver, node)

    def stop(self, driver: EC2Driver, node: Any) -> None:
        stops.stop(driver, node)

    def reboot(self, driver: EC2Driver, node: Any, *, hard: bool) -> None:
        if hard and self.off_to_reboot:
            stops.stop(driver, node, force=True)
        elif node.state in stops.GOING_OFF:
            raise InfrastructureError(f"{self._name}: {node.id} is off")
        else:
            driver.reboot_node(node)

    def console(self, driver: EC2Driver, node: Any) -> str:
        return driver.console(node)

    def doubt(self, driver: EC2Driver, instance_id: str) -> str:
        return ""

    def volume(self, driver: EC2Driver, volume_id: str) -> Any:
        return driver.ex_get_volume(volume_id)

    def holder(self, volume: Any) -> str:
        return volumes.holder(volume)

    def create_volume(self, driver: EC2Driver, name: str, size: int, metadata: Mapping[str, str]) -> Any:
        zone = self._zone(driver, self._subnet(driver, self._args.subnet), "") or self._first_zone(driver)
        params = {"Size": str(size), "AvailabilityZone": zone, "VolumeType": self._args.volume_type}
        return driver.create_tagged_volume(params, {"Name": name, **metadata})

    def _first_zone(self, driver: EC2Driver) -> str:
        zones = sorted(each.id for each in names.zones(driver))
        if not zones:
            raise HardInfrastructureError(f"{self._name}: no zone of the region can be used", "name another region")
        return zones[0]

    def detach(self, driver: EC2Driver, volume: Any) -> None:
        try:
            node = driver.ex_get_node(volumes.holder(volume))
        except BaseHTTPError as error:
            if not is_absent(error):
                raise
        else:
            if node.extra["status"] not in {"stopped", "terminated"}:
                raise InfrastructureError(f"{self._name}: {node.id} is on, and volume {volume.id} is attached to it: stop it first")
        driver.detach_volume(volume)

    def kept(self, driver: EC2Driver) -> Sequence[PortReading]:
        return ()

    def delete_port(self, driver: EC2Driver, port: PortReading) -> None:
        raise NotImplementedError("no ports are kept here")

    def forget(self, driver: EC2Driver, controller: str, deployable: str) -> None:
        """Nothing is made for a deployable as a whole."""


def account(driver: EC2Driver) -> str:
    """Whose keys, and where."""
    found = [each.id for each in names.zones(driver)]
    return f"{driver.account.keys().source}; region {driver.region_name}, zones {', '.join(found) or 'none'}"

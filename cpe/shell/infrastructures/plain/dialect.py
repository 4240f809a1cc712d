"""How a driver is spoken to of which nothing is known but what libcloud's base class promises."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.dialect import Login, Whole
from pcloud.errors import HardInfrastructureError, InfrastructureError
from pcloud.model.instance import LaunchOrder, PortReading

USER_DATA = ("ex_userdata", "ex_user_data", "ex_cloud_init", "user_data", "userdata")
"""What drivers call the user data of ``create_node``."""

TAGS = ("ex_metadata", "ex_tags", "metadata")
"""What they call tags there, where those are a mapping."""

CONSOLES = ("ex_get_console_output",)
HARD_REBOOTS = ("ex_hard_reboot_node", "ex_hard_reset")


def parameter(driver: Any, names: Sequence[str]) -> str:
    """Which of these parameters the driver's ``create_node`` has; "" for none."""
    known = inspect.signature(driver.create_node).parameters
    return next((name for name in names if name in known), "")


def method(driver: Any, names: Sequence[str]) -> Any:
    """Which of these methods the driver has; None for none."""
    return next((found for name in names if (found := getattr(driver, name, None)) is not None), None)


class PlainDialect(Whole):
    """The Dialect of any driver. ``name`` begins errors; ``kind`` is what libcloud calls the driver."""

    lateness = 120.0
    user_data_limit: int | None = 4 * 16384 // 3  # the smallest that is known: EC2's 16 KiB, before they are encoded
    off_first = False
    off_to_reboot = False

    def __init__(self, name: str, kind: str) -> None:
        self._name = name
        self._kind = kind

    @property
    def trials(self) -> Mapping[str, Callable[[Any], str]]:
        return {"user data and tags": self._furnishing, "spec": lambda _: "machines without volumes and networks"}

    def _furnishing(self, driver: Any) -> str:
        user_data, tags = parameter(driver, USER_DATA), parameter(driver, TAGS)
        if not user_data or not tags:
            raise NotImplementedError
        return f"given as {user_data} and {tags}"

    def metadata(self, thing: Any) -> Mapping[str, str]:
        found = [thing.extra.get(key) for key in ("metadata", "tags")]
        return next((dict(each) for each in found if isinstance(each, Mapping)), {})

    def tag(self, driver: Any, node: Any, metadata: Mapping[str, str | None]) -> None:
        put, off = method(driver, ("ex_create_tags",)), method(driver, ("ex_delete_tags",))
        if put is None or off is None:
            raise self._cannot("change tags")
        off(node, {key: self.metadata(node)[key] for key, value in metadata.items() if value is None and key in self.metadata(node)})
        put(node, {key: value for key, value in metadata.items() if value is not None})

    def login(self, node: Any) -> Login:
        return Login(next(iter((*node.public_ips, *node.private_ips)), ""))

    def zone(self, node: Any) -> str:
        return str(node.extra.get("availability_zone") or node.extra.get("availability") or "")

    def fault(self, node: Any) -> str:
        return ""

    def node(self, driver: Any, instance_id: str) -> Any:
        for node in driver.list_nodes():
            if str(node.id) == instance_id:
                return node
        raise BaseHTTPError(404, f"there is no {instance_id} in the list")

    def prepare(self, driver: Any, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        user_data, tags = parameter(driver, USER_DATA), parameter(driver, TAGS)
        if not user_data or not tags:
            raise self._cannot("give a machine user data and tags: nobody could log in, or find it again")
        if order.volumes or order.networks:
            raise self._cannot("plug volumes or networks into a machine that is made")
        return {"size": size, "image": image, user_data: order.user_data.decode(), tags: dict(metadata)}

    def create(self, driver: Any, order: LaunchOrder, prepared: Any) -> Any:
        return driver.create_node(name=order.name, **prepared)

    def start(self, driver: Any, node: Any) -> None:
        if node.state != NodeState.RUNNING:
            driver.start_node(node)

    def stop(self, driver: Any, node: Any) -> None:
        if node.state != NodeState.STOPPED:
            driver.stop_node(node)

    def reboot(self, driver: Any, node: Any, *, hard: bool) -> None:
        if node.state == NodeState.STOPPED and not hard:
            raise InfrastructureError(f"{self._name}: {node.id} is off")
        (method(driver, HARD_REBOOTS) if hard and method(driver, HARD_REBOOTS) else driver.reboot_node)(node)

    def console(self, driver: Any, node: Any) -> str:
        read = method(driver, CONSOLES)
        said = read(node) if read is not None else ""
        return str(said.get("output") or "") if isinstance(said, Mapping) else str(said)

    def stopped_by(self, driver: Any, node: Any) -> str:
        return ""

    def doubt(self, driver: Any, instance_id: str) -> str:
        return ""

    def volume(self, driver: Any, volume_id: str) -> Any:
        for volume in driver.list_volumes():
            if str(volume.id) == volume_id:
                return volume
        raise BaseHTTPError(404, f"there is no volume {volume_id} in the list")

    def holder(self, volume: Any) -> str:
        return str(volume.extra.get("instance_id") or "")

    def create_volume(self, driver: Any, name: str, size: int, metadata: Mapping[str, str]) -> Any:
        raise self._cannot("give volumes tags")

    def detach(self, driver: Any, volume: Any) -> None:
        driver.detach_volume(volume)

    def kept(self, driver: Any) -> Sequence[PortReading]:
        return ()

    def delete_port(self, driver: Any, port: PortReading) -> None:
        raise self._cannot("delete ports")

    def forget(self, driver: Any, controller: str, deployable: str) -> None:
        """Nothing is made for a deployable as a whole."""

    def _cannot(self, what: str) -> HardInfrastructureError:
        return HardInfrastructureError(f"{self._name}: through libcloud's driver {self._kind} pcloud cannot {what}", "use another driver")

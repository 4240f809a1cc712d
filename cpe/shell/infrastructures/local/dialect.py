"""How the embedded cloud's driver is spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.shell.infrastructures.dialect import Login
from pcloud.model.instance import LaunchOrder


class LocalDialect:
    """The Dialect of LocalNodeDriver. There is one network, the loopback: an order's networks say nothing here."""

    lateness = 5.0
    """Everything is on this host's disk: only a thread of our own that a dead DPE left at work can still be creating."""

    user_data_limit: int | None = None
    """It is a file."""

    def metadata(self, thing: Any) -> Mapping[str, str]:
        metadata: Mapping[str, str] = thing.extra["metadata"]
        return metadata

    def tag(self, driver: Any, node: Any, metadata: Mapping[str, str | None]) -> None:
        driver.ex_set_metadata(node, metadata)

    def zone(self, node: Any) -> str:  # noqa: ARG002 - wherever it is, it is on this host
        return ""

    def stopped_by(self, driver: Any, node: Any) -> str:
        by = str(node.extra["stopped_by"])
        return "" if by == driver.user else by

    def login(self, node: Any) -> Login:
        return Login(address=node.public_ips[0], port=node.extra["ssh_port"], user=node.extra["ssh_user"])

    def node(self, driver: Any, instance_id: str) -> Any:
        return driver.ex_get_node(instance_id)

    def create(self, driver: Any, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        return driver.create_node(
            name=order.name, size=size, image=image, ex_userdata=order.user_data, ex_metadata=metadata, ex_volumes=dict(order.volumes)
        )

    def start(self, driver: Any, node: Any) -> None:
        driver.start_node(node)

    def stop(self, driver: Any, node: Any) -> None:
        driver.stop_node(node)

    def reboot(self, driver: Any, node: Any, *, hard: bool) -> None:
        if hard:
            driver.ex_hard_reboot_node(node)
        else:
            driver.reboot_node(node)

    def console(self, driver: Any, node: Any) -> str:
        return str(driver.ex_get_console_output(node)["output"])

    def volume(self, driver: Any, volume_id: str) -> Any:
        return driver.ex_get_volume(volume_id)

    def holder(self, volume: Any) -> str:
        return str(volume.extra["node"])

    def create_volume(self, driver: Any, name: str, size: int, metadata: Mapping[str, str]) -> Any:
        return driver.create_volume(size, name, ex_metadata=metadata)

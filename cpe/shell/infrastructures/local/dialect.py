"""How the embedded cloud's driver is spoken to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cpe.shell.infrastructures.dialect import Login, Whole
from pcloud.model.instance import LaunchOrder, PortReading


class LocalDialect(Whole):
    """The Dialect of LocalNodeDriver. There is one network, the loopback: an order's networks say nothing here."""

    lateness = 5.0
    """Everything is on this host's disk: only a thread of our own that a dead DPE left at work can still be creating."""

    user_data_limit: int | None = None
    """It is a file."""

    off_first = False  # what is destroyed here is killed before it is called gone
    off_to_reboot = False

    @property
    def trials(self) -> Mapping[str, Callable[[Any], str]]:
        return {}

    def metadata(self, thing: Any) -> Mapping[str, str]:
        metadata: Mapping[str, str] = thing.extra["metadata"]
        return metadata

    def tag(self, driver: Any, node: Any, metadata: Mapping[str, str | None]) -> None:
        driver.ex_set_metadata(node, metadata)

    def zone(self, node: Any) -> str:
        return ""

    def stopped_by(self, driver: Any, node: Any) -> str:
        by = str(node.extra["stopped_by"])
        return "" if by == driver.user else by

    def login(self, node: Any) -> Login:
        return Login(address=node.public_ips[0], port=node.extra["ssh_port"], user=node.extra["ssh_user"])

    def fault(self, node: Any) -> str:
        return ""

    def node(self, driver: Any, instance_id: str) -> Any:
        return driver.ex_get_node(instance_id)

    def prepare(self, driver: Any, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        return {"size": size, "image": image, "ex_metadata": metadata}

    def create(self, driver: Any, order: LaunchOrder, prepared: Any) -> Any:
        return driver.create_node(name=order.name, ex_userdata=order.user_data, ex_volumes=dict(order.volumes), **prepared)

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

    def doubt(self, driver: Any, instance_id: str) -> str:
        return ""

    def volume(self, driver: Any, volume_id: str) -> Any:
        return driver.ex_get_volume(volume_id)

    def holder(self, volume: Any) -> str:
        return str(volume.extra["node"])

    def create_volume(self, driver: Any, name: str, size: int, metadata: Mapping[str, str]) -> Any:
        return driver.create_volume(size, name, ex_metadata=metadata)

    def detach(self, driver: Any, volume: Any) -> None:
        driver.detach_volume(volume)

    def kept(self, driver: Any) -> Sequence[PortReading]:
        return ()

    def delete_port(self, driver: Any, port: PortReading) -> None:
        raise NotImplementedError("there are no ports here")

    def forget(self, driver: Any, controller: str, deployable: str) -> None:
        """Nothing is made for a deployable as a whole."""

"""A daemon with an account at the OpenStack lab, and what somebody else sees there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.infrastructures.openstack_cloud import clear, driver, entry, written
from tests.system.running import Daemon


@contextmanager
def at_the_lab(daemon: Daemon, directory: Path) -> Iterator[Daemon]:
    """It has the lab's account ``demo``, of which nothing is left there."""
    clear(driver("demo"))
    daemon.end()
    daemon.environment["OS_CLIENT_CONFIG_FILE"] = str(written(directory, {"mine": entry("demo")}))
    daemon.config.write_text('[infrastructures.lab]\ndriver = "openstack"\ncloud = "mine"\n')
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.end()
        clear(driver("demo"))


def servers() -> dict[str, str]:
    """All servers there, by name, with their states."""
    return {node.name: str(node.state) for node in driver("demo").list_nodes()}


def holders() -> list[str]:
    """Which servers the volumes are with."""
    names = {node.id: node.name for node in driver("demo").list_nodes()}
    attached = [each["server_id"] for volume in driver("demo").list_volumes() for each in volume.extra["attachments"]]
    return [names[each] for each in attached]


def ports() -> list[dict[str, Any]]:
    """The account's."""
    demo = driver("demo")
    found: list[dict[str, Any]] = demo.network("/ports", params={"project_id": demo.login.project})["ports"]
    return found

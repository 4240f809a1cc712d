"""Machines that pcloud did not make: real ones of the embedded cloud, in a directory that the daemon knows nothing of."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from tests.infrastructures.machines import boot_id, home
from tests.system.running import Daemon, until


class Rack:
    """A machine of somebody else's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.driver = LocalNodeDriver(directory)
        self.node: Any = self.driver.create_node("rack-7", self.driver.list_sizes()[0], self.driver.list_images()[0])
        self.address: str = self.node.public_ips[0]
        self.port: int = self.node.extra["ssh_port"]
        self.home = home(self.driver, self.node)

    @property
    def host_key(self) -> str:
        return (self.home / "ssh" / "host_key.pub").read_text().strip()

    def monitor(self, host_key: str = "") -> str:
        """How one logs in, as a spec says it."""
        return f'{{user: {getpass.getuser()}, port: {self.port}, host_key: "{host_key or self.host_key}"}}'

    def let_in(self, line: str) -> None:
        with (self.home / "ssh" / "authorized_keys").open("a") as file:
            file.write(f"{line}\n")

    def boot_id(self) -> str:
        return boot_id(self.driver, self.node)


def open_to(daemon: Daemon, rack: Rack, name: str, assembly: str) -> None:
    """Do what the status of its assembly says."""

    def said() -> str:
        return daemon.assembly(name, assembly).reason.partition("its authorized_keys must have the line: ")[2]

    rack.let_in(until(said, "it says which key it has"))

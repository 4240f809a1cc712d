"""An infrastructure of real systemd machines, of which nothing is left, whatever happened in the test."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.machine.driver import MachineNodeDriver
from cpe.shell.infrastructures.machine.network import Network
from cpe.shell.infrastructures.settings import InfrastructureSettings
from tests.agents.nspawn import root_file_system


class MachineLab:
    """Its bridge, subnet and image; ``directory`` is where its machines lie."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bridge = f"pct{random.randrange(16**6):06x}"
        self.subnet = f"10.213.{random.randrange(256)}.0/24"
        self.image = root_file_system()

    def args(self, image: str) -> dict[str, object]:
        """The infrastructure's args, with the image by that name."""
        return {"bridge": self.bridge, "subnet": self.subnet, "images": {image: str(self.image)}}

    @property
    def driver(self) -> MachineNodeDriver:
        """The same cloud, as somebody else sees it."""
        return MachineNodeDriver(self.directory, {"host": self.image}, Network(self.bridge, IPv4Network(self.subnet)))

    def clear(self) -> None:
        """Destroy what is left, and see that nothing is."""
        for node in self.driver.list_nodes():
            self.driver.destroy_node(node)
        assert not Path("/sys/class/net", self.bridge).exists()
        assert str(self.directory) not in Path("/proc/mounts").read_text()


@contextmanager
def machine_cloud(directory: Path) -> Iterator[LibcloudInfrastructure]:
    """The infrastructure in ``STATE/clouds/NAME``, with one image, ``host``."""
    lab = MachineLab(directory)
    settings = InfrastructureSettings(driver="machine", args=lab.args("host"))
    infrastructure = build(directory.name, settings, controller="here", state_directory=directory.parent.parent)
    assert isinstance(infrastructure, LibcloudInfrastructure)
    try:
        yield infrastructure
    finally:
        infrastructure.close()
        lab.clear()

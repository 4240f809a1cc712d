"""The machines' network: one bridge of the host, with the first address of its subnet.

Rules: made when the first machine needs it, removed with the last one; nothing else of the host's network is touched.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from secrets import randbelow

from cpe.shell.infrastructures.local.refusals import UnavailableError
from cpe.shell.infrastructures.machine.programs import run


@dataclass(frozen=True, slots=True)
class Network:
    """Names and addresses; nothing is done before it is asked for."""

    bridge: str
    subnet: IPv4Network

    @property
    def gateway(self) -> str:
        """The host's own address."""
        return str(self.subnet[1])

    def with_prefix(self, address: str) -> str:
        """As networkd and ip write it."""
        return f"{address}/{self.subnet.prefixlen}"

    def _is_there(self) -> bool:
        return Path("/sys/class/net", self.bridge).exists()

    def ensure(self) -> None:
        """See that the bridge is there and up. What is there already keeps its addresses."""
        if not self._is_there():
            run("ip", "link", "add", "name", self.bridge, "type", "bridge")
            run("ip", "address", "add", self.with_prefix(self.gateway), "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")

    def remove(self) -> None:
        """Take the bridge away."""
        if self._is_there():
            run("ip", "link", "delete", self.bridge)

    def free_address(self, taken: Collection[str]) -> str:
        """One that no machine has; random, so that a new machine hardly ever gets the address of a late one."""
        size = self.subnet.num_addresses
        first = 2 + randbelow(size - 3)  # neither the network, nor the host, nor broadcast
        for step in range(size - 3):
            address = str(self.subnet[2 + (first - 2 + step) % (size - 3)])
            if address not in taken:
                return address
        raise UnavailableError(f"no address is free in {self.subnet}")

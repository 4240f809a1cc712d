"""The demo at the cloud, as somebody else than pcloud: looks at the servers, and deletes one behind pcloud's back.

Rules: the account is an ordinary member's; what is seen here is Nova's word, never the daemon's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cpe.shell.infrastructures.openstack.clouds import Clouds
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from cpe.shell.infrastructures.openstack.identity import Identity
from cpe.shell.infrastructures.tags import ASSEMBLY, GENERATION

CLOUD = "demo"
SERVERS = "/servers/detail"


@dataclass(frozen=True, slots=True)
class Server:
    """One of Nova's. ``status`` is Nova's own word: ACTIVE, SHUTOFF …"""

    id: str
    name: str
    status: str
    assembly: str
    generation: int


class Visitor:
    """Somebody with an account at the cloud of ``clouds``."""

    def __init__(self, clouds: Path) -> None:
        known = Clouds({"OS_CLIENT_CONFIG_FILE": str(clouds)})
        self._driver = OpenStackDriver(Identity(lambda: known.account(CLOUD)))

    def servers(self, assembly: str) -> list[Server]:
        """Those of one assembly, the oldest generation first."""
        found = [
            Server(each["id"], each["name"], each["status"], each["metadata"].get(ASSEMBLY, ""), int(each["metadata"].get(GENERATION, 0)))
            for each in self._driver.compute(SERVERS)["servers"]
        ]
        return sorted((each for each in found if each.assembly == assembly), key=lambda each: each.generation)

    def delete(self, server: str) -> None:
        """What somebody at the cloud's own console does."""
        self._driver.compute(f"/servers/{server}", "DELETE")

    def volumes(self) -> list[str]:
        """The ids of all that there are."""
        return sorted(each.id for each in self._driver.list_volumes())

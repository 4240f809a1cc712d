"""What a project can use, by name or id: networks, security groups, key pairs, zones.

Rules: an id counts before a name; a name that nothing or several things have is a hard error that says what there is. What was found is
remembered for a while, for every launch asks for the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from cpe.shell.infrastructures.failures import unknown_name
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from pcloud.errors import HardInfrastructureError

REMEMBERED = 60.0
"""Seconds for which a name means the same thing: whoever makes it anew under the same name waits as long as one launch."""

Things = Sequence[dict[str, Any]]
QUESTIONS: dict[str, Callable[[OpenStackDriver], Things]] = {
    "network": lambda driver: driver.network("/networks")["networks"],
    "security group": lambda driver: driver.network("/security-groups", params={"project_id": driver.login.project})["security_groups"],
    "key pair": lambda driver: [_key_pair(each["keypair"]) for each in driver.compute("/os-keypairs")["keypairs"]],
    "zone": lambda driver: [_zone(each) for each in driver.compute("/os-availability-zone")["availabilityZoneInfo"]],
}


def _key_pair(pair: dict[str, Any]) -> dict[str, Any]:
    return {"id": pair["name"], "name": pair["name"]}


def _zone(zone: dict[str, Any]) -> dict[str, Any]:
    return {"id": zone["zoneName"], "name": zone["zoneName"]}


class Names:
    """For one infrastructure, whose ``name`` begins every error."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}

    def find(self, driver: OpenStackDriver, what: str, wanted: str) -> dict[str, Any]:
        """The one thing of that id or name; HardInfrastructureError."""
        at, found = self._found.get((what, wanted), (0.0, {}))
        if not found or time.monotonic() - at > REMEMBERED:
            found = self._chosen(what, wanted, QUESTIONS[what](driver))
            self._found[(what, wanted)] = (time.monotonic(), found)
        return found

    def only_network(self, driver: OpenStackDriver) -> dict[str, Any]:
        """The network of a project that can use one only; HardInfrastructureError."""
        at, found = self._found.get(("network", ""), (0.0, {}))
        if not found or time.monotonic() - at > REMEMBERED:
            inside = [each for each in QUESTIONS["network"](driver) if not each.get("router:external")]
            if len(inside) != 1:
                names = ", ".join(sorted(each["name"] or each["id"] for each in inside))
                said = f"there are {len(inside)} networks ({names}), and none is named" if inside else "there is no network"
                raise HardInfrastructureError(f"{self._name}: {said}", "write networks: NAME into the spec, or args.networks")
            found = inside[0]
            self._found[("network", "")] = (time.monotonic(), found)
        return found

    def _chosen(self, what: str, wanted: str, known: Things) -> dict[str, Any]:
        found = [each for each in known if each["id"] == wanted] or [each for each in known if each["name"] == wanted]
        if not found:
            raise unknown_name(self._name, what, wanted, [each["name"] or each["id"] for each in known])
        if len(found) > 1:
            ids = ", ".join(each["id"] for each in found)
            raise HardInfrastructureError(f"{self._name}: {len(found)} {what}s are called {wanted!r}", f"say which by its id: {ids}")
        return found[0]

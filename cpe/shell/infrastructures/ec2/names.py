"""What an account can use in its region, by id or name: subnets, security groups, key pairs, zones.

Rules: an id counts before a name; a name that nothing or several things have is a hard error that says what there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libcloud.compute.drivers.ec2 import NAMESPACE
from libcloud.utils.xml import findall, findtext

from cpe.shell.infrastructures.ec2.driver import EC2Driver
from cpe.shell.infrastructures.failures import unknown_name
from pcloud.errors import HardInfrastructureError


@dataclass(frozen=True, slots=True)
class Thing:
    """``zone`` and ``network`` are empty where it has none."""

    id: str
    name: str
    zone: str = ""
    network: str = ""


def _text(element: Any, path: str) -> str:
    return str(findtext(element=element, xpath=path, namespace=NAMESPACE) or "")


def _subnets(driver: EC2Driver) -> list[Thing]:
    found = []
    for each in driver.pages("DescribeSubnets", "subnetSet/item", {}):
        tags = {_text(tag, "key"): _text(tag, "value") for tag in findall(element=each, xpath="tagSet/item", namespace=NAMESPACE)}
        found.append(Thing(_text(each, "subnetId"), tags.get("Name", ""), _text(each, "availabilityZone"), _text(each, "vpcId")))
    return found


def _groups(driver: EC2Driver) -> list[Thing]:
    found = driver.pages("DescribeSecurityGroups", "securityGroupInfo/item", {})
    return [Thing(_text(each, "groupId"), _text(each, "groupName"), network=_text(each, "vpcId")) for each in found]


def _key_pairs(driver: EC2Driver) -> list[Thing]:
    found = findall(element=driver.ask("DescribeKeyPairs"), xpath="keySet/item", namespace=NAMESPACE)
    return [Thing(_text(each, "keyName"), _text(each, "keyName")) for each in found]


def zones(driver: EC2Driver) -> list[Thing]:
    """Those of the region that can be used."""
    found = findall(element=driver.ask("DescribeAvailabilityZones"), xpath="availabilityZoneInfo/item", namespace=NAMESPACE)
    usable = [_text(each, "zoneName") for each in found if _text(each, "zoneState") == "available"]
    return [Thing(name, name, zone=name) for name in usable]


QUESTIONS: dict[str, Callable[[EC2Driver], list[Thing]]] = {
    "subnet": _subnets,
    "security group": _groups,
    "key pair": _key_pairs,
    "zone": zones,
}


def find(driver: EC2Driver, infrastructure: str, what: str, wanted: str, network: str = "") -> Thing:
    """The one thing of that id or name, in ``network`` where that is said; HardInfrastructureError."""
    known = QUESTIONS[what](driver)
    found = [each for each in known if each.id == wanted] or [each for each in known if each.name == wanted]
    found = [each for each in found if not network or each.network == network] or found[:1]
    if not found:
        raise unknown_name(infrastructure, what, wanted, [each.name or each.id for each in known])
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise HardInfrastructureError(f"{infrastructure}: {len(found)} {what}s are called {wanted!r}", f"say which by its id: {ids}")
    if network and found[0].network != network:
        said = f"{infrastructure}: the {what} {wanted!r} is in another network ({found[0].network}) than the subnet ({network})"
        raise HardInfrastructureError(said, f"name a {what} of {network}")
    return found[0]

"""Server groups: one for each deployable that has spread assemblies, so that no two of them are on one host.

Rules: the scheduler is asked to keep them apart as well as it can, and where it only knows always or never, always.
"""

from __future__ import annotations

import requests
from libcloud.common.exceptions import BaseHTTPError

from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from pcloud.model.instance import Tags

SOFT = ("soft-anti-affinity", "2.15")
"""The policy that prefers and does not insist, and Nova's microversion that knows it (Mitaka, 2016)."""
HARD = ("anti-affinity", "")
UNKNOWN = {requests.codes.bad_request, requests.codes.not_acceptable}
"""What a Nova answers that does not know a policy, or a microversion."""


def name_of(controller: str, deployable: str) -> str:
    return f"pcloud {controller} {deployable}"


def find_or_create(driver: OpenStackDriver, tags: Tags) -> str:
    """The id of the deployable's group."""
    name = name_of(tags.controller, tags.deployable)
    found = sorted(each["id"] for each in groups(driver) if each["name"] == name)
    return found[0] if found else _create(driver, name)


def _create(driver: OpenStackDriver, name: str) -> str:
    for policy, version in (SOFT, HARD):
        try:
            made = driver.compute("/os-server-groups", "POST", {"server_group": {"name": name, "policies": [policy]}}, version=version)
            return str(made["server_group"]["id"])
        except BaseHTTPError as error:
            if policy == HARD[0] or error.code not in UNKNOWN:
                raise
    raise AssertionError("unreachable")


def groups(driver: OpenStackDriver) -> list[dict[str, str]]:
    found: list[dict[str, str]] = driver.compute("/os-server-groups")["server_groups"]
    return found


def delete(driver: OpenStackDriver, controller: str, deployable: str) -> None:
    """Delete the deployable's groups; servers do not mind."""
    for each in groups(driver):
        if each["name"] == name_of(controller, deployable):
            driver.compute(f"/os-server-groups/{each['id']}", "DELETE")

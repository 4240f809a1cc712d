"""Targets as the API filters by them: DEPLOYABLE[/ASSEMBLY[/RESOURCE]].

Rules: "" is everything; a target takes in all that is below it.
"""

from __future__ import annotations

from pcloud.errors import NotFoundError
from pcloud.records.event import EventRecord
from pcloud.records.status import DeployableStatus
from pcloud.spec.problems import did_you_mean


def covers(target: str, event: EventRecord) -> bool:
    """Whether ``event`` is about ``target`` or something below it."""
    return not target or event.target == target or event.target.startswith(f"{target}/")


def expect(status: DeployableStatus, target: str) -> None:
    """NotFoundError, with the nearest known name, unless the deployable has such a target."""
    _, assembly, resource, *_ = *target.split("/"), "", ""
    assemblies = {one.name: one for one in status.assemblies}
    if assembly and assembly not in assemblies:
        raise NotFoundError(f"{status.name} has no assembly {assembly}", did_you_mean(assembly, list(assemblies), "its assemblies"))
    resources = [one.name for one in assemblies[assembly].resources] if assembly else []
    if resource and resource not in resources:
        cure = did_you_mean(resource, resources, "its resources")
        raise NotFoundError(f"{status.name}/{assembly} has no resource {resource}", cure)

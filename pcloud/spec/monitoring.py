"""How machines and services are watched: each setting with where it comes from.

Rules: a check inherits its rhythm from its resource's monitor, that from the assembly's, that from the deployable's defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pcloud.model.plan import ACTION_TIMEOUT, MonitorPlan
from pcloud.spec.inheriting import Inherited, nearest
from pcloud.spec.schema import AssemblyKeys, DeployableKeys, ResourceKeys

_USUAL = MonitorPlan()

METADATA = "or as the agent's metadata say"
"""Why an OCF agent may have another value than what is built in."""

_OWN = {"systemd": "longer where the unit's own is", "ocf": METADATA}

RHYTHM = ("interval", "timeout")
"""What resources and checks inherit of it."""


def monitor_levels(spec: DeployableKeys, assembly: AssemblyKeys, resource: ResourceKeys | None = None) -> tuple[object, ...]:
    """What is written for a machine, or for a service on it, farthest first."""
    own = (spec.defaults.monitor, assembly.monitor)
    return own if resource is None else (*own, resource.monitor)


def monitor_settings(levels: Sequence[object]) -> dict[str, Inherited[Any]]:
    """All settings of a machine's monitor."""
    return {field.name: nearest(levels, field.name, getattr(_USUAL, field.name)) for field in fields(MonitorPlan)}


def monitor_plan(levels: Sequence[object]) -> MonitorPlan:
    """The values alone."""
    return MonitorPlan(**{key: found.value for key, found in monitor_settings(levels).items()})


def rhythm(levels: Sequence[object]) -> dict[str, Inherited[float]]:
    """Interval and timeout of what is written on these levels."""
    return {key: nearest(levels, key, getattr(_USUAL, key)) for key in RHYTHM}


def action_timeout(resource: ResourceKeys) -> Inherited[float]:
    """Of its start and its stop, each; none at all is not meant by 0."""
    if resource.timeout:
        return nearest((resource,), "timeout", ACTION_TIMEOUT)
    kind = (resource.agent or "").partition(":")[0]
    return Inherited(ACTION_TIMEOUT, None, "timeout", _OWN.get(kind, ""))

"""What a spec comes to: every recovery and monitor setting of every target, with where it comes from.

Rules: pure; the values are those of the plan, by the same functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pcloud.model.plan import Check
from pcloud.model.words import Origin
from pcloud.spec.checks import checks_of
from pcloud.spec.document import Document
from pcloud.spec.inheriting import Inherited, nearest
from pcloud.spec.loading import DeployableSpec
from pcloud.spec.monitoring import METADATA, action_timeout, monitor_levels, monitor_settings, rhythm
from pcloud.spec.problems import KeyPath
from pcloud.spec.recovery import RecoveryDefaults
from pcloud.spec.schema import EVERYWHERE, AssemblyKeys, CheckKeys, DeployableKeys, ResourceKeys
from pcloud.spec.windows import deployable_settings, target_settings

BUILT_IN = "default"
SYSTEM = "system configuration"

Value = str | float | int | bool

STATIC_KEYS = ("port", "host_key")
"""Of a monitor: what only a machine has that was there before us."""

_OF_DEPLOYABLE = {"relaunch_deployable", "allow", "mode", "on_exhausted"}
_OF_ASSEMBLY = {"reboot", "relaunch", "allow", "mode", "on_exhausted", "keep_failed"}
_OF_RESOURCE = {"restart", "mode", "on_exhausted"}
"""What the policy looks for where: windows belong to one kind of target each (policy.md section 3.1)."""


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One setting of one target. ``line`` is where in the spec it is written; ``note`` says why, where that is a question.

    ``applies``: this target uses it itself; what does not apply is here for what inherits it.
    """

    key: str
    value: Value
    source: str
    line: int | None = None
    note: str = ""
    applies: bool = True


@dataclass(frozen=True, slots=True)
class EffectiveTarget:
    """All settings of a deployable, an assembly or a resource."""

    target: str
    settings: tuple[EffectiveSetting, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A place where a setting may be written: its name, and its path if that is in the spec."""

    source: str
    path: KeyPath | None = None


@dataclass(frozen=True, slots=True)
class _Writer:
    """Turns what was found on levels into settings, with their lines."""

    document: Document

    def setting(self, key: str, found: Inherited[Any], levels: Sequence[Level], at: KeyPath = ()) -> EffectiveSetting:
        """``at`` is the way from the level to the mapping that the key stands in."""
        if found.level is None:
            return EffectiveSetting(key, found.value, BUILT_IN, note=found.note)
        level = levels[found.level]
        place = self.document.values.get((*level.path, *at, found.key)) if level.path is not None else None
        return EffectiveSetting(key, found.value, level.source, place.line if place else None, found.note)


def effects(spec: DeployableSpec, defaults: RecoveryDefaults, adopted: Collection[str] = ()) -> Iterator[EffectiveTarget]:
    """The deployable, then each assembly with its resources, in the order of the spec; the ``adopted`` ones as such."""
    keys, writer = spec.keys, _Writer(spec.document)
    home = keys.infrastructure[0]
    above = [Level(SYSTEM), *([Level(f"infrastructure {home}")] if home in defaults.infrastructures else [])]
    above.append(Level("deployable", ("recovery",)))
    found = deployable_settings(keys, defaults)
    yield EffectiveTarget(keys.deployable, tuple(_recovery(writer, found, above, _OF_DEPLOYABLE)))
    for name, assembly in keys.assemblies.items():
        path: KeyPath = ("assemblies", name)
        levels = [*above, Level("assembly", (*path, "recovery"))]
        found = target_settings(keys, assembly, None, defaults, adopted=name in adopted)
        watched = monitor_settings(monitor_levels(keys, assembly))
        if assembly.address is None:  # these are launched with theirs
            watched = {key: each for key, each in watched.items() if key not in STATIC_KEYS}
        placed = _placed(writer, keys, assembly, path)
        settings = (*placed, *_recovery(writer, found, levels, _OF_ASSEMBLY), *_monitor(writer, watched, path))
        yield EffectiveTarget(f"{keys.deployable}/{name}", settings)
        for resource_name, resource in assembly.resources.items():
            own: KeyPath = (*path, "resources", resource_name)
            levels_of_resource = [*levels, Level("resource", (*own, "recovery"))]
            found = target_settings(keys, assembly, resource, defaults, adopted=name in adopted)
            settings = (*_recovery(writer, found, levels_of_resource, _OF_RESOURCE), *_watching(spec, assembly, resource, own))
            yield EffectiveTarget(f"{keys.deployable}/{name}/{resource_name}", settings)


def _recovery(
    writer: _Writer, found: Mapping[tuple[str, ...], Inherited[Any]], levels: Sequence[Level], of: set[str]
) -> Iterator[EffectiveSetting]:
    for path, each in found.items():
        made = writer.setting(f"recovery.{'.'.join(path)}", each, levels, path[:-1])
        yield replace(made, applies=path[0] in of)


def _placed(writer: _Writer, spec: DeployableKeys, assembly: AssemblyKeys, path: KeyPath) -> Iterator[EffectiveSetting]:
    """Where and as what a machine runs: what it inherits from ``defaults`` by the same rule."""
    levels = [Level("deployable", ("defaults",)), Level("assembly", path)]
    written, home = (spec.defaults, assembly), spec.infrastructure[0]
    if assembly.address is not None:
        yield writer.setting("address", Inherited(assembly.address, 1, "address"), levels)
        return
    whole = Inherited(home, 0 if "infrastructure" in spec.model_fields_set else None, "infrastructure")
    yield writer.setting("infrastructure", whole, [Level("deployable", ())])
    for key in ("image", "size"):
        found = nearest(written, key, {EVERYWHERE: ""})
        if home in found.value:
            yield replace(writer.setting(key, Inherited(found.value[home], found.level, home), levels, (key,)), key=key)
        else:
            yield writer.setting(key, replace(found, value=found.value.get(EVERYWHERE, "")), levels)  # type: ignore[arg-type]
    networks: Inherited[list[str]] = nearest(written, "networks", [])
    yield writer.setting("networks", Inherited(", ".join(networks.value), networks.level, networks.key), levels)
    for key, usual in (("data", "keep"), ("spread", False)):
        yield writer.setting(key, nearest(written, key, usual), levels)


def _monitor_places(assembly: KeyPath, resource: KeyPath | None = None) -> list[Level]:
    """The places of ``monitor_levels``."""
    own = [Level("deployable", ("defaults", "monitor")), Level("assembly", (*assembly, "monitor"))]
    return own if resource is None else [*own, Level("resource", (*resource, "monitor"))]


def _monitor(writer: _Writer, found: Mapping[str, Inherited[Any]], path: KeyPath) -> Iterator[EffectiveSetting]:
    return (writer.setting(f"monitor.{key}", each, _monitor_places(path)) for key, each in found.items())


def _watching(spec: DeployableSpec, assembly: AssemblyKeys, resource: ResourceKeys, path: KeyPath) -> Iterator[EffectiveSetting]:
    """How a service is watched: by its agent's own monitor, if it has one, and by its checks."""
    writer, places = _Writer(spec.document), _monitor_places(path[:2], path)
    levels = monitor_levels(spec.keys, assembly, resource)
    if resource.agent is not None:
        told = METADATA if resource.agent.startswith("ocf:") else ""
        for key, found in rhythm(levels).items():
            yield writer.setting(f"monitor.{key}", replace(found, note=told) if found.level is None else found, places)
        yield writer.setting("timeout", action_timeout(resource), [Level("resource", path)])
    for number, (keys, check) in enumerate(zip(resource.checks, checks_of(resource.checks, levels), strict=True)):
        at = Level("resource", (*path, "checks", number))
        for key, found in rhythm((*levels, keys)).items():
            yield writer.setting(f"checks.{check.key}.{key}", found, [*places, at])
        yield from (writer.setting(f"checks.{check.key}.{key}", found, [at]) for key, found in _own(keys, check).items())


def _own(keys: CheckKeys, check: Check) -> dict[str, Inherited[Any]]:
    """What a check inherits from nobody."""
    written = keys.model_fields_set
    return {
        "fall": Inherited(check.fall, 0 if "fall" in written else None, "fall"),
        "rise": Inherited(check.rise, 0 if "rise" in written else None, "rise"),
        "from": Inherited(Origin(check.origin), 0 if "origin" in written else None, "from"),
    }

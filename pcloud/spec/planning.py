"""A sound spec as a plan: everything inherited and resolved.

Rules: pure; whoever plans twice gets the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import yaml

from pcloud.model.plan import AssemblyPlan, DeployablePlan, OcfAgent, ResourcePlan, Secret, VolumePlan
from pcloud.spec.agents import agent_of
from pcloud.spec.checks import checks_of
from pcloud.spec.loading import DeployableSpec
from pcloud.spec.monitoring import monitor_levels, monitor_plan, rhythm
from pcloud.spec.ordering import in_order
from pcloud.spec.problems import SpecError
from pcloud.spec.recovery import RecoveryDefaults
from pcloud.spec.schema import EVERYWHERE, AssemblyKeys, DeployableKeys, ProvisionKeys, ResourceKeys, ScriptKeys
from pcloud.spec.windows import deployable_recovery, target_recovery, window_faults


def plan(spec: DeployableSpec, system: RecoveryDefaults | None = None) -> DeployablePlan:
    """What the deployable should be, on its home infrastructure. SpecError where ``system`` makes a window that can never fill."""
    keys, defaults = spec.keys, system or RecoveryDefaults()
    problems = [spec.document.problem(fault.path, fault.message, fault.cure) for fault in window_faults(keys, spec.document, defaults)]
    if problems:
        raise SpecError(spec.path, problems)
    order = in_order({name: assembly.after for name, assembly in keys.assemblies.items()})
    return DeployablePlan(
        name=keys.deployable,
        infrastructures=tuple(keys.infrastructure),
        assemblies=tuple(_assembly(spec, name, keys.assemblies[name], defaults) for name in order),
        recovery=deployable_recovery(keys, defaults),
    )


def _assembly(spec: DeployableSpec, name: str, own: AssemblyKeys, defaults: RecoveryDefaults) -> AssemblyPlan:
    keys = spec.keys
    launched = own.address is None
    networks = own.networks if own.networks is not None else keys.defaults.networks
    spread = own.spread if own.spread is not None else keys.defaults.spread
    return AssemblyPlan(
        name=name,
        infrastructure=keys.infrastructure[0],
        image=_here(keys, own.image, keys.defaults.image) if launched else "",
        size=_here(keys, own.size, keys.defaults.size) if launched else "",
        address=own.address or "",
        networks=tuple(networks or ()) if launched else (),
        volumes=tuple(VolumePlan(volume, disk.size, disk.mount) for volume, disk in own.volumes.items()),
        ephemeral=launched and (own.data or keys.defaults.data) == "ephemeral",
        spread=launched and bool(spread),
        after=tuple(own.after),
        parameters=tuple(own.parameters.items()),
        secrets=tuple(Secret(secret, _beside(spec.path, source.file), source.env or "") for secret, source in own.secrets.items()),
        provision=_script(own.provision, spec.files),
        cloud_config=_cloud_config(own.provision),
        configure=_script(own.configure, spec.files),
        reboot_command=own.reboot.command if own.reboot else "",
        monitor=monitor_plan(monitor_levels(keys, own)),
        resources=tuple(_resource(spec, own, resource, defaults) for resource in own.resources.items()),
        recovery=target_recovery(keys, own, None, defaults),
    )


def _beside(spec: str, file: str | None) -> str:
    """A secret's file; a relative path is relative to the spec, as the scripts' are, where the spec's own place is known."""
    place = PurePosixPath(spec)
    return str(place.parent / file) if file and place.is_absolute() else file or ""


def _resource(spec: DeployableSpec, assembly: AssemblyKeys, named: tuple[str, ResourceKeys], defaults: RecoveryDefaults) -> ResourcePlan:
    name, own = named
    levels = monitor_levels(spec.keys, assembly, own)
    watched, agent = rhythm(levels), agent_of(own)
    return ResourcePlan(
        name=name,
        agent=agent,
        checks=checks_of(own.checks, levels, spec.files),
        restarts=own.restarts or "",
        unwritten=tuple(key for key, found in watched.items() if found.level is None) if isinstance(agent, OcfAgent) else (),
        interval=watched["interval"].value,
        timeout=watched["timeout"].value,
        action_timeout=own.timeout or None,
        recovery=target_recovery(spec.keys, assembly, own, defaults),
    )


def _here(keys: DeployableKeys, own: Mapping[str, str] | None, default: Mapping[str, str] | None) -> str:
    """The image or size at home; empty where none is named."""
    names = own or default or {}
    return names.get(keys.infrastructure[0]) or names.get(EVERYWHERE, "")


def _script(keys: ScriptKeys | ProvisionKeys | None, files: Mapping[str, str]) -> str:
    if keys is None:
        return ""
    return files[keys.script] if keys.script is not None else keys.inline or ""


def _cloud_config(keys: ProvisionKeys | None) -> str:
    """As YAML again, without the first line that marks it as cloud-init's."""
    if keys is None or keys.cloud_config is None:
        return ""
    return yaml.safe_dump(keys.cloud_config, sort_keys=False, allow_unicode=True)

"""The effective recovery settings of every target, and the windows among them that can never fill (policy.md sections 3.5 and 3.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pcloud.model.plan import RecoverySettings
from pcloud.model.words import Rung
from pcloud.spec.document import Document
from pcloud.spec.faults import Fault
from pcloud.spec.problems import KeyPath
from pcloud.spec.recovery import RecoveryDefaults, RecoveryKeys, Settled, assembled, never_fills, settled
from pcloud.spec.schema import AssemblyKeys, DeployableKeys, ResourceKeys

FIX = "lower delay, max_delay or failures, or lengthen within"


def default_ceiling(spec: DeployableKeys, assembly: AssemblyKeys, *, adopted: bool = False) -> tuple[Rung, str]:
    """How far recovery of an assembly goes where nobody has said it, and why (policy.md section 3.5)."""
    if adopted:
        return Rung.REBOOT, "because it was adopted: its machine is not of our making"
    if assembly.address is not None:
        return Rung.REBOOT, "because it is static: nothing can be launched in its place"
    if assembly.volumes:
        return Rung.RELAUNCH, "because it declares volumes"
    if (assembly.data or spec.defaults.data) == "ephemeral":
        return Rung.RELAUNCH, "because its data is ephemeral"
    return Rung.REBOOT, "because it declares neither volumes nor data: ephemeral"


def deployable_settings(spec: DeployableKeys, defaults: RecoveryDefaults) -> Settled:
    """Of the deployable as a whole, with where each comes from."""
    return settled(_levels(spec, defaults), Rung.REBOOT, "because nothing higher is named; assemblies have defaults of their own")


def target_settings(
    spec: DeployableKeys, assembly: AssemblyKeys, resource: ResourceKeys | None, defaults: RecoveryDefaults, *, adopted: bool = False
) -> Settled:
    """Of an assembly, or of a resource of it. A static or adopted machine goes no higher than reboot, whatever it inherits."""
    own = (assembly.recovery,) if resource is None else (assembly.recovery, resource.recovery)
    found = settled((*_levels(spec, defaults), *own), *default_ceiling(spec, assembly, adopted=adopted))
    allow = found["allow",]
    if (adopted or assembly.address is not None) and allow.value.height > Rung.REBOOT.height:
        kind = "an adopted" if adopted else "a static"
        found["allow",] = replace(allow, value=Rung.REBOOT, note=f"{allow.value} is written; {kind} machine goes no higher than reboot")
    return found


def deployable_recovery(spec: DeployableKeys, defaults: RecoveryDefaults) -> RecoverySettings:
    return assembled(deployable_settings(spec, defaults))


def target_recovery(
    spec: DeployableKeys, assembly: AssemblyKeys, resource: ResourceKeys | None, defaults: RecoveryDefaults
) -> RecoverySettings:
    return assembled(target_settings(spec, assembly, resource, defaults))


def _levels(spec: DeployableKeys, defaults: RecoveryDefaults) -> tuple[RecoveryKeys, ...]:
    return (*defaults.levels(spec.infrastructure[0]), spec.recovery)


def window_faults(spec: DeployableKeys, document: Document, defaults: RecoveryDefaults) -> Iterator[Fault]:
    """Every rung whose delays alone exceed its window, at the nearest place where that rung is written."""
    top: tuple[KeyPath, ...] = (("recovery",),)
    yield from _faults(deployable_recovery(spec, defaults), (Rung.RELAUNCH_DEPLOYABLE,), top, document)
    for name, assembly in spec.assemblies.items():
        places: tuple[KeyPath, ...] = (("assemblies", name, "recovery"), *top)
        rungs = (Rung.REBOOT, Rung.RELAUNCH)
        yield from _faults(target_recovery(spec, assembly, None, defaults), rungs, places, document)
        for resource_name, resource in assembly.resources.items():
            nearest: KeyPath = ("assemblies", name, "resources", resource_name, "recovery")
            yield from _faults(target_recovery(spec, assembly, resource, defaults), (Rung.RESTART,), (nearest, *places), document)


def _faults(settings: RecoverySettings, rungs: tuple[Rung, ...], places: tuple[KeyPath, ...], document: Document) -> Iterator[Fault]:
    for rung in rungs:
        if reason := never_fills(settings.rung(rung)):
            written = [(*place, rung.value) for place in places if (*place, rung.value) in document.values]
            yield Fault(written[0] if written else ("deployable",), f"{rung}: {reason}", FIX)

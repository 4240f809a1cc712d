"""What is wrong between the parts of a spec: names that stand for nothing, cycles, keys that contradict each other.

Rules: pure; each function yields all faults that it finds; names are compared with all that the file has, sound or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from pcloud.model.words import Rung
from pcloud.spec.agents import agent_faults, param_faults
from pcloud.spec.certificates import is_certificate
from pcloud.spec.faults import Fault
from pcloud.spec.ordering import cycles
from pcloud.spec.problems import KeyPath, did_you_mean
from pcloud.spec.references import fault, references
from pcloud.spec.schema import EVERYWHERE, AssemblyKeys, DefaultKeys, DeployableKeys, ProvisionKeys, ResourceKeys, ScriptKeys

LAUNCHING_KEYS = ("image", "size", "networks", "volumes", "provision", "spread", "data")
"""What has a meaning only for a machine that we launch."""


@dataclass(frozen=True, slots=True)
class Known:
    """All names of the file, and the files that came with it."""

    assemblies: Sequence[str]
    resources: Mapping[str, Sequence[str]]
    files: Mapping[str, str]


def faults(spec: DeployableKeys, known: Known) -> Iterator[Fault]:
    """Everything that is wrong between the parts."""
    for ring in cycles({name: assembly.after for name, assembly in spec.assemblies.items()}):
        yield Fault(("assemblies", ring[0], "after"), f"a cycle: {' → '.join(ring)}", "one of them must start first")
    yield from _twice(spec.infrastructure, ("infrastructure",))
    yield from _mapping_faults(spec.defaults, ("defaults",), spec.infrastructure)
    if spec.defaults.monitor.host_key is not None:
        cure = "write it in the monitor of its assembly"
        yield Fault(("defaults", "monitor", "host_key"), "every machine has a host key of its own", cure, key=True)
    for name, assembly in spec.assemblies.items():
        path: KeyPath = ("assemblies", name)
        yield from _dependency_faults(assembly, path, known)
        yield from _mapping_faults(assembly, path, spec.infrastructure)
        yield from _launch_faults(spec, assembly, path)
        yield from _data_faults(assembly, path, known)
        for resource_name, resource in assembly.resources.items():
            yield from _resource_faults(assembly, resource_name, resource, (*path, "resources", resource_name), known)


def _twice(names: Sequence[str], path: KeyPath) -> Iterator[Fault]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Fault((*path, index), f'"{name}" is there twice', "keep one of them")


def _dependency_faults(assembly: AssemblyKeys, path: KeyPath, known: Known) -> Iterator[Fault]:
    yield from _twice(assembly.after, (*path, "after"))
    for index, name in enumerate(assembly.after):
        if name not in known.assemblies:
            others = [other for other in known.assemblies if other != path[-1]]
            yield Fault((*path, "after", index), f'unknown assembly "{name}"', did_you_mean(name, others, "other assemblies"))


def _launch_faults(spec: DeployableKeys, assembly: AssemblyKeys, path: KeyPath) -> Iterator[Fault]:
    if assembly.address is not None:
        yield from _static_faults(assembly, path)
        return
    for way in (("reboot",), ("monitor", "host_key"), ("monitor", "port")):
        if _written(assembly, way):
            yield Fault((*path, *way), f"{way[-1]} is for a static machine", f"give it an address, or leave {way[-1]} out", key=True)
    if assembly.image is None and spec.defaults.image is None:
        yield Fault((*path, "image"), "says neither image nor address", "name the image to launch, or the address of a static machine")
    for key in ("image", "size"):
        names = getattr(assembly, key) or getattr(spec.defaults, key)
        where: KeyPath = (*path, key) if getattr(assembly, key) else ("defaults", key)
        if names and not {EVERYWHERE, spec.infrastructure[0]} & names.keys() and names.keys() <= set(spec.infrastructure):
            yield Fault(where, f'names no {key} for "{spec.infrastructure[0]}", where the deployable is at home', "add one")


def _written(keys: BaseModel, path: tuple[str, ...]) -> bool:
    """Whether the key at ``path`` below ``keys`` stands in the file."""
    for key in path[:-1]:
        keys = getattr(keys, key)
    return path[-1] in keys.model_fields_set


def _mapping_faults(keys: DefaultKeys, path: KeyPath, infrastructures: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with an image or size that is named per infrastructure."""
    for key in ("image", "size"):
        for name in getattr(keys, key) or ():
            if name not in (EVERYWHERE, *infrastructures):
                cure = did_you_mean(name, infrastructures, "infrastructures of this deployable")
                yield Fault((*path, key, name), f'unknown infrastructure "{name}"', cure, key=True)


def _static_faults(assembly: AssemblyKeys, path: KeyPath) -> Iterator[Fault]:
    for key in LAUNCHING_KEYS:
        if key in assembly.model_fields_set:
            yield Fault((*path, key), f"{key} has no meaning for a static machine (address)", "leave one of them out", key=True)
    owners = [(path, assembly.recovery)]
    owners += [((*path, "resources", name), resource.recovery) for name, resource in assembly.resources.items()]
    for owner, recovery in owners:
        if recovery.allow is not None and recovery.allow.height > Rung.REBOOT.height:
            yield Fault((*owner, "recovery", "allow"), f"a static machine cannot {recovery.allow}", "its highest rung is reboot")


def _data_faults(assembly: AssemblyKeys, path: KeyPath, known: Known) -> Iterator[Fault]:
    mounts: dict[str, str] = {}
    for name, volume in assembly.volumes.items():
        if other := mounts.get(volume.mount):
            yield Fault((*path, "volumes", name, "mount"), f'is where "{other}" is mounted', "give each volume a place of its own")
        mounts.setdefault(volume.mount, name)
    for name, text in assembly.parameters.items():
        yield from _reference_faults(text, (*path, "parameters", name), known)
        if name in assembly.secrets:
            yield Fault((*path, "secrets", name), f"{name} is a parameter as well", "a script gets one value by one name", key=True)
    for key in ("provision", "configure"):
        yield from _script_faults(getattr(assembly, key), (*path, key, "script"), known)


def _script_faults(keys: ScriptKeys | ProvisionKeys | None, path: KeyPath, known: Known) -> Iterator[Fault]:
    if keys and keys.script is not None and keys.script not in known.files:
        yield Fault(path, f"{keys.script} cannot be read", "paths are relative to the spec file; it must be a text file that you may read")


def _certificate_faults(file: str | None, path: KeyPath, known: Known) -> Iterator[Fault]:
    if file is None:
        return
    if file not in known.files:
        yield Fault(path, f"there is no file {file}", "paths are relative to the spec file")
    elif not is_certificate(known.files[file]):
        yield Fault(path, f"{file} holds no certificate", "it begins with -----BEGIN CERTIFICATE-----, as openssl x509 prints it")


def _reference_faults(text: str, path: KeyPath, known: Known) -> Iterator[Fault]:
    for reference in references(text):
        if wrong := fault(reference, known.assemblies):
            yield Fault(path, *wrong)


def _resource_faults(assembly: AssemblyKeys, name: str, keys: ResourceKeys, path: KeyPath, known: Known) -> Iterator[Fault]:
    yield from agent_faults(keys, path)
    yield from param_faults(keys, tuple(assembly.secrets), tuple(assembly.parameters), path)
    if keys.agent is None and not keys.checks:
        yield Fault(path, "has neither an agent nor checks", "write agent: systemd:UNIT, or a list of checks")
    if keys.restarts is not None:
        yield from _restarts_faults(assembly, name, keys, (*path, "restarts"), known.resources.get(str(path[1]), ()))
    for index, check in enumerate(keys.checks):
        yield from _certificate_faults(check.certificate, (*path, "checks", index, "certificate"), known)
        for key in ("http", "contains"):
            yield from _reference_faults(getattr(check, key) or "", (*path, "checks", index, key), known)


def _restarts_faults(assembly: AssemblyKeys, name: str, keys: ResourceKeys, path: KeyPath, resources: Sequence[str]) -> Iterator[Fault]:
    target = keys.restarts or ""
    others = [other for other in resources if other != name]
    if keys.agent is not None:
        yield Fault(path, "restarts is for a resource without an agent", "this one is restarted by its own agent", key=True)
    elif target not in others:
        yield Fault(path, f'unknown resource "{target}"', did_you_mean(target, others, "other resources of this assembly"))
    elif target in assembly.resources and assembly.resources[target].agent is None:
        yield Fault(path, f'"{target}" has no agent that could restart it', "name a resource with an agent")

"""What at a cloud carries our tags and belongs to nothing (policy.md section 6).

Rules:
- Pure, and asked with what is known after the cloud was listed: what a list shows was intended before, and what was intended is known.
- In doubt it belongs: to a deployable that is registered and could not be taken up, to one that somebody else has gone on with, to an
  assembly of which an instance is being launched or destroyed.
- What is of another controller, or of a higher generation than ours, is told as such: it is nobody's stray.
- What was adopted is somebody else's: it is never a stray.
- A port belongs to its assembly, whether a machine has it just now or not.
- A volume belongs where the spec has it, and to whatever has it attached. That it strays says nothing of what its data is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pcloud.model.actions import DestroyInstance, LaunchInstance
from pcloud.model.instance import InstanceReading, PortReading, PortTags, Tags, VolumeReading, VolumeTags
from pcloud.model.plan import AssemblyPlan
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Belonging, Stage


@dataclass(frozen=True, slots=True)
class Known:
    """What a controller knows: its name in the tags, and its deployables. None: it is registered, and what it has cannot be told."""

    controller: str
    states: Mapping[str, DeployableState | None]


@dataclass(frozen=True, slots=True)
class Listed:
    """What one infrastructure has, as far as it carries tags."""

    infrastructure: str
    instances: Sequence[InstanceReading]
    volumes: Sequence[VolumeReading]
    ports: Sequence[PortReading] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whose it is, and why, for people; ``reason`` is empty for what is ours."""

    belonging: Belonging
    reason: str = ""


OURS = Judgement(Belonging.OURS)


def doubt(known: Known) -> str:
    """Why this controller must not act on what it calls a stray: what it knows may be old. Empty if it may."""
    observed = ((name, each.observing) for name, each in known.states.items() if each is not None and each.observing)
    return next((f"{name} is only observed: {why}" for name, why in observed), "")


def judge(listed: Listed, known: Known) -> dict[str, Judgement]:
    """The judgement on everything that is not ours, by its id: instances first, each in its list's order, then volumes, then ports."""
    instances = {each.id: judge_instance(each, listed.infrastructure, known) for each in listed.instances}
    overtaken = {
        each.tags.deployable for each in listed.instances if each.tags is not None and instances[each.id].belonging is Belonging.HIGHER
    }
    for each in listed.instances:
        if each.tags is not None and each.tags.deployable in overtaken and instances[each.id].belonging is Belonging.STRAY:
            instances[each.id] = OURS
    attached = frozenset(each for each, its in instances.items() if its.belonging is not Belonging.STRAY)
    volumes = {
        each.id: OURS if each.tags.deployable in overtaken else judge_volume(each, listed, attached, known) for each in listed.volumes
    }
    ports = {each.id: OURS if each.tags.deployable in overtaken else judge_port(each, listed, attached, known) for each in listed.ports}
    return {each: its for each, its in {**instances, **volumes, **ports}.items() if its.belonging is not Belonging.OURS}


def judge_instance(reading: InstanceReading, infrastructure: str, known: Known) -> Judgement:
    """Whose an instance is. One without tags is nobody's business."""
    tags = reading.tags
    if tags is None:
        return OURS
    found = judge_tagged(reading, tags, infrastructure, known)
    if tags.adopted and found.belonging is Belonging.STRAY:
        return Judgement(Belonging.FOREIGN, f"adopted once, and so somebody else's: {found.reason}")
    return found


def judge_tagged(reading: InstanceReading, tags: Tags, infrastructure: str, known: Known) -> Judgement:
    """The same of one with tags, whoever made it."""
    whole = whole_of(tags, known)
    if isinstance(whole, Judgement):
        return whole
    assembly = whole.assemblies.get(tags.assembly)
    if assembly is None:
        return stray(f"{tags.deployable} has no assembly {tags.assembly}")
    ours = f"{tags.deployable}/{tags.assembly} is at generation {assembly.generation} here"
    if tags.generation > assembly.generation:
        return Judgement(Belonging.HIGHER, f"{ours}: somebody else has gone on with it")
    if whole.stale or under_way(assembly) or (infrastructure, reading.id) in set(known_instances(assembly)):
        return OURS
    return stray(f"{ours}, and {f'runs on {assembly.instance.id}' if assembly.instance is not None else 'has no instance'}")


def judge_volume(volume: VolumeReading, listed: Listed, attached: frozenset[str], known: Known) -> Judgement:
    """Whose a volume is; ``attached`` are the instances of which what they hold belongs to them."""
    tags = volume.tags
    whole = whole_of(tags, known)
    if isinstance(whole, Judgement):
        return whole
    if whole.stale or volume.holder in attached:
        return OURS
    place = f"{tags.deployable}/{tags.assembly}"
    plans = [plan for plan in plans_of(whole, tags.assembly) if any(each.name == tags.volume for each in plan.volumes)]
    if not plans:
        return stray(f"the spec of {tags.deployable} has no volume {tags.assembly}/{tags.volume}")
    if all(plan.infrastructure != listed.infrastructure for plan in plans):
        return stray(f"{place} is at {plans[0].infrastructure} now, and so is its volume {tags.volume}")
    used = [each.id for each in listed.volumes if each.tags == tags and each.id != volume.id and each.holder in attached]
    return stray(f"{place} uses {used[0]} as its volume {tags.volume}") if used else OURS


def judge_port(port: PortReading, listed: Listed, attached: frozenset[str], known: Known) -> Judgement:
    """Whose a port or a floating address is, likewise. An assembly keeps it as long as its deployable is registered."""
    tags = port.tags
    whole = whole_of(tags, known)
    if isinstance(whole, Judgement):
        return whole
    if whole.stale or port.holder in attached:
        return OURS
    plans = plans_of(whole, tags.assembly)
    if not plans:
        return stray(f"{tags.deployable} has no assembly {tags.assembly}")
    if all(plan.infrastructure != listed.infrastructure for plan in plans):
        return stray(f"{tags.deployable}/{tags.assembly} is at {plans[0].infrastructure} now")
    return OURS


def stray(reason: str) -> Judgement:
    """It belongs to nothing."""
    return Judgement(Belonging.STRAY, reason)


def whole_of(tags: Tags | VolumeTags | PortTags, known: Known) -> DeployableState | Judgement:
    """The deployable that tags name, if something can be judged by what is known of it; else the judgement."""
    if tags.controller != known.controller:
        return Judgement(Belonging.FOREIGN, f"of the controller {tags.controller}")
    if tags.deployable not in known.states:
        return stray(f"no deployable {tags.deployable} is registered here")
    whole = known.states[tags.deployable]
    return whole if whole is not None and whole.plan is not None else OURS


def under_way(assembly: AssemblyState) -> bool:
    """Whether instances of an assembly come or go just now: what is listed of it may be what is being made, or unmade."""
    return isinstance(assembly.action, LaunchInstance | DestroyInstance) or assembly.stage is Stage.DESTROYING


def known_instances(assembly: AssemblyState) -> Iterator[tuple[str, str]]:
    """The instances that an assembly has or is not done with yet: infrastructure and id of each."""
    if assembly.instance is not None:
        yield assembly.instance.infrastructure, assembly.instance.id
    yield from ((each.infrastructure, each.instance_id) for each in assembly.retired)
    yield from ((each.infrastructure, each.instance_id) for each in assembly.twins)


def plans_of(whole: DeployableState, assembly: str) -> list[AssemblyPlan]:
    """The plan that an assembly lives by, and the one that its spec has for it."""
    found = [plan.assembly(assembly) for plan in (whole.plan, whole.target) if plan is not None]
    return [each for each in found if each is not None]

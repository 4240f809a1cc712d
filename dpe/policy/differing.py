"""What a new plan of an assembly differs in from the one that it lives by, and what each difference asks for.

Rules: pure, of two plans alone; the least that makes the machine what the plan says. What is given to a machine once, when it is made, asks
for another one; what is only read by us asks for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from pcloud.model.plan import AssemblyPlan, Check, MonitorPlan, RecoverySettings, ResourceAgent, ResourcePlan, RungSettings, ScriptAgent
from pcloud.model.words import Effect


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs: its path below the assembly, as the spec writes it, and what it was and is.

    A resource or check that joins or leaves has no ``before`` or no ``after``.
    """

    setting: str
    before: object
    after: object
    effect: Effect


_MADE_WITH = ("infrastructure", "image", "size", "networks", "volumes", "provision", "cloud_config")
"""What a machine is launched with."""

_CONFIGURED_WITH = ("parameters", "configure")

_GROUPS = (RecoverySettings, RungSettings, Check)

_APART = ("name", "address", "secrets", "monitor", "resources")
"""Fields that are looked into further down."""


def differences(old: AssemblyPlan, new: AssemblyPlan, *, adopted: bool = False) -> tuple[Difference, ...]:
    """All of them, in the order of the plan's fields; empty for equal plans.

    The machine of an ``adopted`` assembly is what it is, like a static one: it is not replaced because it would be launched otherwise now.
    """
    return () if old == new else tuple(_differences(old, new, given=new.static or adopted))


def _differences(old: AssemblyPlan, new: AssemblyPlan, *, given: bool) -> Iterator[Difference]:
    if old.address != new.address:  # another machine, or one that we launch in the place of one that was there
        yield Difference("address", old.address, new.address, Effect.REPLACE)
    for field in fields(AssemblyPlan):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after and field.name not in _APART:
            yield from within(field.name, before, after, _effect_of(field.name, given=given))
    if old.secrets != new.secrets:
        yield Difference("secrets", old.secrets, new.secrets, Effect.RELAUNCH if new.provision and not given else Effect.CONFIGURE)
    yield from _of_monitor(old.monitor, new.monitor, given=given)
    yield from _of_resources(old, new)


def _effect_of(field: str, *, given: bool) -> Effect:
    if field in _MADE_WITH:
        return Effect.NOTHING if given else Effect.RELAUNCH
    return Effect.CONFIGURE if field in _CONFIGURED_WITH else Effect.NOTHING


def _of_monitor(old: MonitorPlan, new: MonitorPlan, *, given: bool) -> Iterator[Difference]:
    """A launched machine's user was made with it; that of another one only has to log in."""
    for field in fields(MonitorPlan):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after:
            continue
        effect = Effect.NOTHING
        if field.name in ({"user", "port", "host_key", "carrier"} if given else {"user", "carrier"}):
            effect = Effect.RECONNECT if given else Effect.RELAUNCH
        yield Difference(f"monitor.{field.name}", before, after, effect)


def _of_resources(old: AssemblyPlan, new: AssemblyPlan) -> Iterator[Difference]:
    for resource in new.resources:
        before = old.resource(resource.name)
        if before is None:
            effect = Effect.NOTHING if resource.agent is None else Effect.RESTART
            yield Difference(f"resources.{resource.name}", None, resource, effect)
        elif before != resource:
            yield from _of_resource(before, resource)
    for resource in old.resources:
        if new.resource(resource.name) is None:
            effect = Effect.NOTHING if resource.agent is None else Effect.RESTART
            yield Difference(f"resources.{resource.name}", resource, None, effect)
    staying = [each.name for each in old.resources if new.resource(each.name) is not None]
    if staying != [each.name for each in new.resources if old.resource(each.name) is not None]:
        yield Difference("resources", tuple(staying), tuple(each.name for each in new.resources), Effect.NOTHING)


def _of_resource(old: ResourcePlan, new: ResourcePlan) -> Iterator[Difference]:
    for field in fields(ResourcePlan):
        before, after = getattr(old, field.name), getattr(new, field.name)
        path = f"resources.{new.name}.{field.name}"
        if field.name == "checks":
            yield from _of_checks(path, old, new)
        elif before != after:
            effect = Effect.RESTART if field.name == "agent" and runs_otherwise(old.agent, new.agent) else Effect.NOTHING
            yield from within(path, before, after, effect)


def _of_checks(path: str, old: ResourcePlan, new: ResourcePlan) -> Iterator[Difference]:
    """Checks by their keys, which stay while what they check does."""
    before, after = ({check.key: check for check in plan.checks} for plan in (old, new))
    for key in dict.fromkeys((*before, *after)):
        yield from within(f"{path}.{key}", before.get(key), after.get(key), Effect.NOTHING)


def within(path: str, before: object, after: object, effect: Effect) -> Iterator[Difference]:
    """A setting that differs; where it is a group of settings, each of them that does."""
    if before == after:
        return
    if isinstance(before, _GROUPS) and isinstance(after, _GROUPS):
        for field in fields(before):
            yield from within(f"{path}.{field.name}", getattr(before, field.name), getattr(after, field.name), effect)
    else:
        yield Difference(path, before, after, effect)


def runs_otherwise(old: ResourceAgent | None, new: ResourceAgent | None) -> bool:
    """Whether the service itself is another one; how it is looked at is not."""
    return _runs(old) != _runs(new)


def _runs(agent: ResourceAgent | None) -> ResourceAgent | None:
    return replace(agent, monitor="") if isinstance(agent, ScriptAgent) else agent


def effect(old: AssemblyPlan, new: AssemblyPlan, *, adopted: bool = False) -> Effect:
    """The greatest of what their differences ask for."""
    return max((each.effect for each in differences(old, new, adopted=adopted)), key=lambda each: each.height, default=Effect.NOTHING)


def stopped(old: AssemblyPlan, new: AssemblyPlan) -> tuple[ResourcePlan, ...]:
    """The services of the old plan that the new one does not have, or has otherwise; last started first."""
    found = []
    for each in old.resources:
        after = new.resource(each.name)
        if each.agent is not None and (after is None or runs_otherwise(each.agent, after.agent)):
            found.append(each)
    return tuple(reversed(found))


def started(old: AssemblyPlan, new: AssemblyPlan) -> tuple[str, ...]:
    """The services of the new plan that the old one did not have, or had otherwise; in their order."""
    found = []
    for each in new.resources:
        before = old.resource(each.name)
        if each.agent is not None and (before is None or runs_otherwise(before.agent, each.agent)):
            found.append(each.name)
    return tuple(found)

"""Taking machines under care that somebody else has made.

Rules:
- Looked at before anything is said: it must run, carry nobody else's tags, be no other assembly's, show a host key that somebody vouches
  for, and let us in. What is refused says what would be right.
- The policy's word is durable before the machine is tagged, so that no tag tells of what nobody knows; asked for again for the same
  machine, only the tags are put on again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from cpe.shell.engines import Engine
from cpe.shell.host_keys import fingerprint, from_console, plain
from dpe.policy.adopting import refusal
from pcloud.errors import InfrastructureError, NotFoundError, RefusedError
from pcloud.model.instance import Instance, InstanceReading, Tags
from pcloud.model.operators import InstanceAdopted
from pcloud.model.plan import AssemblyPlan
from pcloud.model.ports import Infrastructure, Keyring, Logins
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import InstanceStatus
from pcloud.records.adopting import Adoption, AdoptRequest, KeySource

log = logging.getLogger(__name__)

UNDATED = 0.0  # the engine sets the moment


@dataclass(frozen=True, slots=True)
class Outside:
    """What a controller meets machines through. ``infrastructure`` raises NotFoundError for a name that is not configured."""

    infrastructure: Callable[[str], Infrastructure]
    logins: Logins


class Adoptions:
    """``attended`` gives the engine of a deployable that is looked after, ``states`` are those of all deployables, and ``taken_in`` returns
    when an engine has decided upon what was said.
    """

    def __init__(
        self,
        attended: Callable[[str], Engine],
        states: Callable[[], Iterable[DeployableState]],
        outside: Outside,
        keyring: Keyring,
        taken_in: Callable[[str], Awaitable[None]],
        changing: asyncio.Lock,
    ) -> None:
        self._attended = attended
        self._states = states
        self._infrastructures = outside.infrastructure
        self._logins = outside.logins
        self._keyring = keyring
        self._taken_in = taken_in
        self._changing = changing

    async def look(self, name: str, assembly: str, request: AdoptRequest) -> Adoption:
        """What would be taken under care; changes nothing."""
        state = self._attended(name).state
        plan, now = part(state, assembly)
        word = InstanceAdopted(at=UNDATED, assembly=assembly, instance=Instance(request.instance, now.generation + 1, ""))
        if not mine(now, request.instance) and (why_not := refusal(state, word)):
            raise RefusedError(why_not)
        cloud = self._infrastructures(plan.infrastructure)
        reading = await cloud.read(request.instance)
        runs(cloud.name, reading)
        self._free(name, assembly, now, reading, cloud.name)
        key, source = await self._host_key(cloud, reading, request)
        old = now.instance
        return Adoption(
            assembly=assembly,
            instance=reading.id,
            infrastructure=cloud.name,
            generation=now.generation if mine(now, reading.id) else now.generation + 1,
            address=reading.address,
            port=reading.port,
            user=reading.user or plan.monitor.user,
            host_key=key,
            fingerprint=fingerprint(key),
            key_source=source,
            replaces=old.id if old is not None and old.id != reading.id else "",
            zone=reading.zone,
        )

    async def adopt(self, name: str, assembly: str, request: AdoptRequest) -> None:
        """Take it under care."""
        found = await self.look(name, assembly, request)
        if found.key_source == "offered":
            raise RefusedError(
                f"nobody vouches for the host key of {found.instance}: it offers {found.fingerprint}",
                f"compare that with the machine's own, then add --host-key '{found.host_key}'",
            )
        if not mine(self._attended(name).state.assemblies[assembly], found.instance):
            await self._logins.try_login(name, instance_of(found))
            await self._say(name, InstanceAdopted(at=UNDATED, owner=request.owner, assembly=assembly, instance=instance_of(found)))
        await self._tag(name, assembly, found)

    async def _say(self, name: str, word: InstanceAdopted) -> None:
        """Tell the policy; it, or somebody else's adoption, may have changed things while the machine was looked at."""
        async with self._changing:
            engine = self._attended(name)
            self._untaken(name, word.assembly, word.instance.id, word.instance.infrastructure)
            engine.say(word)
            await self._taken_in(name)
            if not mine(part(self._attended(name).state, word.assembly)[1], word.instance.id):
                raise RefusedError(f"{name}/{word.assembly} has gone on meanwhile", f"pcloud events {name} says what came up")

    async def release(self, state: DeployableState) -> None:
        """A deployable is deleted: what was adopted for it belongs to nobody here any more. What cannot be told so keeps its tags."""
        for each in state.assemblies.values():
            if each.adopted and each.instance is not None:
                try:
                    await self._infrastructures(each.instance.infrastructure).tag(each.instance.id, None)
                except (InfrastructureError, NotFoundError) as error:
                    log.warning("tags left on an adopted machine", extra={"instance": each.instance.id, "reason": str(error)})

    async def _tag(self, name: str, assembly: str, found: Adoption) -> None:
        ours = self._keyring.tags(name, assembly, found.generation)
        mark = Tags(ours.controller, name, assembly, found.generation, adopted=True)
        try:
            await self._infrastructures(found.infrastructure).tag(found.instance, mark)
        except InfrastructureError as error:
            again = f"run pcloud assembly adopt {name}/{assembly} --instance {found.instance} again"
            raise RefusedError(f"{found.instance} is under care, and its tags could not be put on it: {error}", again) from error

    def _free(self, name: str, assembly: str, now: AssemblyState, reading: InstanceReading, infrastructure: str) -> None:
        """RefusedError where it is somebody else's."""
        self._untaken(name, assembly, reading.id, infrastructure)
        tags, ours = reading.tags, self._keyring.tags(name, assembly, now.generation)
        if tags is None:
            return
        whose = f"{reading.id} carries the tags of {tags.deployable}/{tags.assembly}"
        if tags.controller != ours.controller:
            raise RefusedError(f"{whose} of another controller, {tags.controller}", "stop looking after it there, and take those tags off")
        if (tags.deployable, tags.assembly) != (name, assembly):
            raise RefusedError(whose, "take those tags off, if it is not that one's any more")
        if tags.generation > now.generation:
            raise RefusedError(f"{whose}, generation {tags.generation}, which is higher than ours: somebody else has gone on with it")

    def _untaken(self, name: str, assembly: str, instance_id: str, infrastructure: str) -> None:
        """RefusedError where another assembly of ours runs on it."""
        for state in self._states():
            for other, each in state.assemblies.items():
                taken = each.instance is not None and (each.instance.id, each.instance.infrastructure) == (instance_id, infrastructure)
                if taken and (state.name, other) != (name, assembly):
                    raise RefusedError(f"{instance_id} is the instance of {state.name}/{other}")

    async def _host_key(self, cloud: Infrastructure, reading: InstanceReading, request: AdoptRequest) -> tuple[str, KeySource]:
        """Its host key, and who says so."""
        if request.host_key:
            return plain(request.host_key), "you"
        try:
            shown = from_console(await cloud.console(reading.id))
        except InfrastructureError:
            shown = ""  # many clouds keep none
        if shown:
            return shown, "console"
        return plain(await self._logins.host_key(reading.address, reading.port)), "offered"


def part(state: DeployableState, assembly: str) -> tuple[AssemblyPlan, AssemblyState]:
    """An assembly's plan and state; NotFoundError."""
    plan = state.plan.assembly(assembly) if state.plan is not None else None
    if plan is None or assembly not in state.assemblies:
        raise NotFoundError(f"{state.name} has no assembly {assembly}", f"it has {', '.join(state.assemblies)}")
    return plan, state.assemblies[assembly]


def mine(state: AssemblyState, instance_id: str) -> bool:
    """Whether it was adopted for this assembly before."""
    return state.adopted and state.instance is not None and state.instance.id == instance_id


def runs(cloud: str, reading: InstanceReading) -> None:
    """NotFoundError and RefusedError unless there is such a machine, and it runs and has an address."""
    if reading.status is InstanceStatus.ABSENT:
        raise NotFoundError(f"{cloud} has no instance {reading.id}", "give the id that the infrastructure itself knows it by")
    if reading.status is not InstanceStatus.ACTIVE:
        raise RefusedError(f"{reading.id} does not run: {cloud} says {reading.status}", "switch it on first")
    if not reading.address:
        raise RefusedError(f"{cloud} says no address of {reading.id}")


def instance_of(found: Adoption) -> Instance:
    """The instance that it becomes."""
    login = found.address, found.port, found.user, found.host_key
    return Instance(found.instance, found.generation, *login, found.infrastructure, found.zone)

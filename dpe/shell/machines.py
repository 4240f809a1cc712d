"""Making, fencing and removing machines through an infrastructure: each call idempotent, each answer certain or an error.

Rules (policy.md section 6):
- An instance of a generation is looked for by its tags before it is created; after an ambiguous answer or a controller's death for as long
  as it may turn up late.
- Fenced is SHUTOFF read after a stop that was accepted; nothing is deleted where it can be stopped.
- An instance that is there is not given up for an answer that did not come: it is asked and read again, as long as the action has time.
- Whatever a list shows is told. A higher generation than the one in hand is somebody else's: nothing more is done then.
- What was adopted is somebody else's: nobody here stops, replaces or deletes it, and no list tells of it.
- Volumes are found by name or created, likewise, and freed from a fenced predecessor before they are attached.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from dpe.policy.keeping import CONSOLE as CONSOLE_END
from dpe.shell.facts import Fact
from dpe.shell.insisting import POLL, heard, read_again
from dpe.shell.secrets import Secrets
from dpe.shell.surroundings import Surroundings
from dpe.shell.userdata import fitted, user_data
from pcloud.errors import AmbiguousError, InfrastructureError
from pcloud.model.actions import RebootAssembly
from pcloud.model.events import InstanceListed
from pcloud.model.instance import Instance, InstanceReading, LaunchOrder, VolumeTags
from pcloud.model.plan import AssemblyPlan, VolumePlan
from pcloud.model.ports import Infrastructure
from pcloud.model.words import InstanceStatus

log = logging.getLogger(__name__)

CONSOLE = 10.0  # seconds for the console: the fence must not wait long for it
RUNNING = {InstanceStatus.ACTIVE, InstanceStatus.REBOOT}


class Machines:
    """One deployable's machines. ``post`` takes the facts of what lists have shown."""

    def __init__(self, deployable: str, surroundings: Surroundings, secrets: Secrets, post: Callable[[Fact], None]) -> None:
        self._deployable = deployable
        self._post = post
        self._secrets = secrets
        self._around = surroundings

    async def launch(self, plan: AssemblyPlan, infrastructure: str, generation: int, *, resumed: bool) -> Instance:
        """The running instance of this generation, found or created. Raises InfrastructureError.

        ``resumed``: it may have been asked for already by a controller that did not get the answer.
        """
        cloud = self._around.infrastructure(infrastructure)
        await self._stop_older(cloud, plan.name, generation)
        found = await self._look_for(cloud, plan.name, generation, cloud.lateness if resumed else 0.0)
        if found is None:
            found = await self._create(cloud, plan, generation)
        reading = await self._until_running(cloud, found)
        await self._tell_twins(cloud, plan.name, generation)
        return await self._instance(reading, plan.name, generation, infrastructure, plan.monitor.user)

    async def _tell_twins(self, cloud: Infrastructure, assembly: str, generation: int) -> None:
        """Have a list tell what else there is now: one order may have made two. That it cannot be had is no failure of the launch."""
        try:
            await self._list(cloud, assembly, generation)
        except InfrastructureError as error:  # a higher generation is told by then
            log.info("no list after a launch", extra={"assembly": assembly, "reason": str(error)})

    async def seen(self, assembly: str, infrastructure: str, generation: int, user: str) -> Instance | None:
        """The instance of this generation if one runs; nothing is done for it. Raises InfrastructureError."""
        cloud = self._around.infrastructure(infrastructure)
        for each in of_generation(await self._list(cloud, assembly, generation), generation):
            if each.status in RUNNING and each.address:
                return await self._instance(each, assembly, generation, infrastructure, user)
        return None

    async def _instance(self, reading: InstanceReading, assembly: str, generation: int, infrastructure: str, user: str) -> Instance:
        """What runs, with its own host key; ``user`` where the infrastructure names none."""
        _, public = await asyncio.to_thread(self._around.keyring.host_pair, self._deployable, assembly, generation)
        login = reading.address, reading.port, reading.user or user, public
        return Instance(reading.id, generation, *login, infrastructure, reading.zone)

    async def _look_for(self, cloud: Infrastructure, assembly: str, generation: int, patience: float) -> InstanceReading | None:
        """The instance that carries the tags of this generation, for ``patience`` seconds; a twin of it is stopped."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            mine = of_generation(await self._list(cloud, assembly, generation), generation)
            if mine:
                for twin in mine[1:]:
                    log.warning("twin stopped", extra={"instance": twin.id, "of": mine[0].id})
                    await self._until_off(cloud, twin, disposable=True)
                return mine[0]
            if asyncio.get_running_loop().time() >= deadline:
                return None
            await asyncio.sleep(POLL)

    async def _stop_older(self, cloud: Infrastructure, assembly: str, generation: int) -> None:
        """No older generation may run when a new one comes: the late twin of a launch that was given up, say."""
        for twin in await self._list(cloud, assembly, generation):
            older = twin.tags is not None and twin.tags.generation < generation
            if older and twin.status not in {InstanceStatus.SHUTOFF, InstanceStatus.ABSENT}:
                log.warning("older generation still there", extra={"instance": twin.id, "status": str(twin.status)})
                await self._until_off(cloud, twin, disposable=True)

    async def _list(self, cloud: Infrastructure, assembly: str, generation: int) -> Sequence[InstanceReading]:
        """All that is there of the assembly. Raises InfrastructureError where one is of a higher generation."""
        found = [each for each in await cloud.find(self._deployable, assembly) if each.tags is None or not each.tags.adopted]
        higher = ""
        for each in found:
            of = each.tags.generation if each.tags is not None else 0
            if of > generation:
                each = await cloud.read(each.id)  # noqa: PLW2901 - a list may show for a while what was deleted
            if of == 0 or each.status is InstanceStatus.ABSENT:
                continue
            if of > generation:
                higher = f"{each.id} of {assembly} is of generation {of} and not of our making: ours is {generation}"
            listed = {"assembly": assembly, "instance_id": each.id, "infrastructure": cloud.name}
            self._post(Fact(InstanceListed, **listed, generation=of, status=each.status))
        if higher:
            raise InfrastructureError(higher)
        return found

    async def _create(self, cloud: Infrastructure, plan: AssemblyPlan, generation: int) -> InstanceReading:
        """Ask for it once; where the answer is ambiguous look for it before anybody asks again."""
        order = await self._order(cloud, plan, generation)
        try:
            return await cloud.create(order)
        except AmbiguousError:
            found = await self._look_for(cloud, plan.name, generation, cloud.lateness)
            if found is None:
                raise
            return found

    async def _user_data(self, cloud: Infrastructure, plan: AssemblyPlan, generation: int) -> bytes:
        """The document for the first boot, as this cloud takes it."""
        private, public = await asyncio.to_thread(self._around.keyring.host_pair, self._deployable, plan.name, generation)
        data = user_data(
            assembly=plan,
            user=plan.monitor.user,
            authorized_key=self._around.keyring.client_public(self._deployable),
            host_private=private,
            host_public=public,
            environment=self._secrets.environment(plan, {}),
        )
        return fitted(data, cloud.user_data_limit, f"{self._deployable}/{plan.name}", cloud.name)

    async def _volume(self, cloud: Infrastructure, assembly: str, volume: VolumePlan) -> str:
        """Its id, found or created; after an ambiguous answer it is looked for before anybody asks again: two of a name are two data."""
        controller = self._around.keyring.tags(self._deployable, assembly, 0).controller
        wanted = VolumeTags(controller, self._deployable, assembly, volume.name)
        try:
            return await cloud.volume(self._deployable, assembly, volume.name, volume.size)
        except AmbiguousError:
            deadline = asyncio.get_running_loop().time() + cloud.lateness
            while all(each.tags != wanted for each in await cloud.volumes()):
                if asyncio.get_running_loop().time() >= deadline:
                    raise
                await asyncio.sleep(POLL)
            return await cloud.volume(self._deployable, assembly, volume.name, volume.size)

    async def _order(self, cloud: Infrastructure, plan: AssemblyPlan, generation: int) -> LaunchOrder:
        """Everything that the instance needs, its volumes free to be attached. What cannot be sent is refused before any is made."""
        data = await self._user_data(cloud, plan, generation)
        volumes = []
        for volume in plan.volumes:
            found = await self._volume(cloud, plan.name, volume)
            await cloud.release(found)
            volumes.append((found, volume.mount))
        return LaunchOrder(
            name=f"{self._deployable}-{plan.name}-{generation}",
            tags=self._around.keyring.tags(self._deployable, plan.name, generation),
            image=plan.image,
            size=plan.size,
            user_data=data,
            networks=plan.networks,
            volumes=tuple(volumes),
        )

    async def _until_running(self, cloud: Infrastructure, reading: InstanceReading) -> InstanceReading:
        """Read it until it runs and has an address; ERROR is final. The caller's timeout ends the waiting."""
        while True:
            if reading.status is InstanceStatus.ERROR:
                raise InfrastructureError(f"{cloud.name} could not build {reading.id}: ERROR")
            if reading.status is InstanceStatus.ABSENT:
                raise InfrastructureError(f"{reading.id} vanished from {cloud.name} while it was launched")
            if reading.status is InstanceStatus.SHUTOFF:
                await heard(cloud.start(reading.id))
            elif reading.status in RUNNING and reading.address:
                return reading
            await asyncio.sleep(POLL)
            reading = await read_again(cloud, reading.id)

    async def fence(self, instance: Instance, *, disposable: bool) -> bool:
        """True when it is known to be off; False when the cloud knows no such instance. Raises InfrastructureError."""
        cloud = self._around.infrastructure(instance.infrastructure)
        return await self._until_off(cloud, await cloud.read(instance.id), disposable=disposable)

    async def _until_off(self, cloud: Infrastructure, reading: InstanceReading, *, disposable: bool) -> bool:
        """Stop it and read it until it is off; False if there is no such instance. The caller's timeout ends the waiting.

        One in ERROR never becomes SHUTOFF: a ``disposable`` one is deleted instead, another raises.
        """
        stopped = False
        while reading.status is not InstanceStatus.ABSENT:
            if reading.status is InstanceStatus.SHUTOFF and stopped:
                return True
            if reading.status is InstanceStatus.ERROR:
                await self._delete_broken(cloud, reading, disposable=disposable)
                return True
            if stopped or not (stopped := await heard(cloud.stop(reading.id))):
                await asyncio.sleep(POLL)
            reading = await read_again(cloud, reading.id)
        return False

    async def _delete_broken(self, cloud: Infrastructure, reading: InstanceReading, *, disposable: bool) -> None:
        """What is in ERROR cannot be stopped, and may run all the same."""
        if not disposable:
            raise InfrastructureError(f"{reading.id} is in ERROR at {cloud.name}: it cannot be seen to be off")
        await self._delete(cloud, reading.id)

    async def console(self, instance: Instance) -> str:
        """The end of its console, "" where it cannot be had: evidence is worth having and not worth failing for."""
        try:
            async with asyncio.timeout(CONSOLE):
                text = await self._around.infrastructure(instance.infrastructure).console(instance.id)
        except (TimeoutError, InfrastructureError) as error:
            log.info("no console", extra={"instance": instance.id, "reason": str(error)})
            return ""
        return text[-CONSOLE_END:]

    async def reboot(self, action: RebootAssembly) -> None:
        """Ask for a reboot; a machine that is off is switched on."""
        cloud = self._around.infrastructure(action.instance.infrastructure)
        reading = await cloud.read(action.instance.id)
        if reading.status is InstanceStatus.ABSENT:
            raise InfrastructureError(f"{action.instance.id} does not exist any more")
        if reading.status is InstanceStatus.SHUTOFF:
            await cloud.start(action.instance.id)
        else:
            await cloud.reboot(action.instance.id, hard=action.hard)

    def lateness(self, instance: Instance) -> float:
        """Seconds for which what its infrastructure was asked for may not show yet."""
        return self._around.infrastructure(instance.infrastructure).lateness

    async def destroy_all(self, infrastructure: str, assembly: str, generation: int, instance: Instance | None) -> None:
        """Delete the assembly's instance and whatever else carries its tags, of this generation or an older one."""
        cloud = self._around.infrastructure(infrastructure)
        tagged = [each.id for each in await self._list(cloud, assembly, generation)]
        for instance_id in dict.fromkeys(([instance.id] if instance is not None else []) + tagged):
            await self._delete(cloud, instance_id)

    async def stop(self, infrastructure: str, instance_id: str) -> None:
        """See it off; nothing is to be done where there is no such instance."""
        cloud = self._around.infrastructure(infrastructure)
        await self._until_off(cloud, await cloud.read(instance_id), disposable=False)

    async def destroy(self, infrastructure: str, instance_id: str) -> None:
        """Delete it and see it gone."""
        await self._delete(self._around.infrastructure(infrastructure), instance_id)

    async def _delete(self, cloud: Infrastructure, instance_id: str) -> None:
        asked = await heard(cloud.destroy(instance_id))
        while True:
            if (await read_again(cloud, instance_id)).status is InstanceStatus.ABSENT:
                return
            await asyncio.sleep(POLL)
            asked = asked or await heard(cloud.destroy(instance_id))

    async def read(self, instance: Instance) -> InstanceReading:
        """The cloud's word about this very instance."""
        return await self._around.infrastructure(instance.infrastructure).read(instance.id)


def of_generation(readings: Sequence[InstanceReading], generation: int) -> list[InstanceReading]:
    """The readings with that generation's tag, smallest id first: an ambiguous creation may have made two."""
    mine = [each for each in readings if each.tags is not None and each.tags.generation == generation]
    return sorted((each for each in mine if each.status not in {InstanceStatus.ERROR, InstanceStatus.ABSENT}), key=lambda each: each.id)

"""Any libcloud compute driver as an ``Infrastructure``.

Rules: every call goes through ``Calls``; everything is found by its tags; what is asked twice is done once where the cloud can tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from libcloud.common.types import MalformedResponseError

from cpe.shell.infrastructures import tags
from cpe.shell.infrastructures.belongings import RELEASE_LOOK, RELEASE_TIMEOUT, SENSELESS, Belongings, unless_absent
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.dialect import Dialect, Login
from cpe.shell.infrastructures.named import Named
from cpe.shell.infrastructures.sharing import SharedQuestion
from cpe.shell.infrastructures.statuses import instance_status
from cpe.shell.infrastructures.tally import Tally
from pcloud.errors import AmbiguousError, InfrastructureError
from pcloud.model.instance import InstanceReading, LaunchOrder, Tags
from pcloud.model.words import InstanceStatus

T = TypeVar("T")

OFF_WITHIN = 90.0
"""Seconds for an instance to be off before it is deleted: Nova gives a guest 60 to go down in good order."""

RUNS = {InstanceStatus.ACTIVE, InstanceStatus.REBOOT}
"""What can be stopped, and may run until it has been. What is being built has begun nothing yet; what is in ERROR cannot be stopped."""


class LibcloudInfrastructure(Belongings):
    """One account at one cloud; ``controller`` is the name in the tags of what is ours."""

    def __init__(self, name: str, calls: Calls, dialect: Dialect, *, controller: str) -> None:
        super().__init__(name, calls, dialect, controller=controller)
        self._named = Named(name, calls)
        self._nodes = SharedQuestion(f"list {name}", self._list)

    @property
    def name(self) -> str:
        return self._name

    @property
    def lateness(self) -> float:
        return self._dialect.lateness

    @property
    def user_data_limit(self) -> int | None:
        return self._dialect.user_data_limit

    @property
    def tally(self) -> Tally:
        """How the calls went."""
        return self._calls.tally

    @property
    def controller(self) -> str:
        """The name in the tags of what is ours."""
        return self._controller

    async def ask(self, doing: str, question: Callable[[Any], T]) -> T:
        """What ``question`` makes of a driver, for questions that only a trial asks. Raises our errors."""
        return await self._calls(doing, question, question=True)

    @property
    def trials(self) -> Mapping[str, Callable[[Any], str]]:
        """What a trial asks of this kind of cloud."""
        return self._dialect.trials

    async def count(self) -> tuple[int, int]:
        """How many instances there are, and how many of them are ours."""
        found = await self._nodes()
        return len(found), sum(each.tags is not None and each.tags.controller == self._controller for each in found)

    async def instances(self) -> Sequence[InstanceReading]:
        return [each for each in await self._nodes() if each.tags is not None]

    def close(self) -> None:
        """Give up the threads; nothing is asked after this."""
        self._calls.close()

    async def find(self, deployable: str, assembly: str) -> Sequence[InstanceReading]:
        return [
            reading
            for reading in await self._nodes()
            if reading.tags is not None
            and (reading.tags.controller, reading.tags.deployable, reading.tags.assembly) == (self._controller, deployable, assembly)
        ]

    async def read(self, instance_id: str) -> InstanceReading:
        return await self._calls(f"reading {instance_id}", lambda driver: self._read(driver, instance_id), question=True)

    async def create(self, order: LaunchOrder) -> InstanceReading:
        image, size = await asyncio.gather(
            self._named.find("image", order.image, lambda driver: self._dialect.images(driver, order.image)),
            self._named.find("size", order.size, lambda driver: self._dialect.sizes(driver, order.size)),
        )
        prepared = await self._prepared(order, size=size, image=image)
        return await self._calls(f"creating {order.name}", lambda driver: self._reading(self._dialect.create(driver, order, prepared)))

    async def _prepared(self, order: LaunchOrder, *, size: Any, image: Any) -> Any:
        """What the creation needs, once nobody else has it. An unclear answer here leaves nothing open: no instance was asked for."""
        deadline, metadata = asyncio.get_running_loop().time() + RELEASE_TIMEOUT, tags.instance_metadata(order.tags)

        def prepare(driver: Any) -> Any:
            return self._dialect.prepare(driver, order, size=size, image=image, metadata=metadata)

        try:
            while (found := await self._calls(f"preparing {order.name}", prepare)) is None:
                if asyncio.get_running_loop().time() > deadline:
                    raise InfrastructureError(f"{self._name}: the ports of {order.name} are not free after {RELEASE_TIMEOUT:g} s")
                await asyncio.sleep(RELEASE_LOOK)
        except AmbiguousError as error:
            raise InfrastructureError(str(error), error.cure) from error
        return found

    async def start(self, instance_id: str) -> None:
        await self._with_node("starting", instance_id, self._dialect.start)

    async def stop(self, instance_id: str) -> None:
        await self._with_node("stopping", instance_id, self._dialect.stop)

    async def reboot(self, instance_id: str, *, hard: bool) -> None:
        await self._with_node("rebooting", instance_id, lambda driver, node: self._dialect.reboot(driver, node, hard=hard))
        if hard and self._dialect.off_to_reboot:
            await self._see_off(instance_id, "it is not started again")
            await self.start(instance_id)

    async def destroy(self, instance_id: str) -> None:
        if self._dialect.off_first:
            await self._see_off(instance_id, "it is not deleted")

        def destroy(driver: Any) -> None:
            unless_absent(lambda: driver.destroy_node(self._dialect.node(driver, instance_id)))

        await self._calls(f"destroying {instance_id}", destroy)

    async def _see_off(self, instance_id: str, otherwise: str) -> None:
        """Stop what may run, and read it until it is off: one that is deleted while its host does not answer may run on."""
        deadline, refusal = asyncio.get_running_loop().time() + OFF_WITHIN, ""
        while (status := (await self.read(instance_id)).status) in RUNS:
            if asyncio.get_running_loop().time() > deadline:
                raise AmbiguousError(
                    f"{self._name}: {instance_id} is {status} {OFF_WITHIN:g} s after its stop was asked for: {otherwise}{refusal}",
                    "its host may not answer: look there, or at the cloud's services",
                )
            try:
                await self.stop(instance_id)
            except InfrastructureError as error:  # in the middle of a reboot, say
                refusal = f": {error}"
            await asyncio.sleep(RELEASE_LOOK)

    async def tag(self, instance_id: str, mark: Tags | None) -> None:
        metadata = {**dict.fromkeys(tags.OF_INSTANCES), **(tags.instance_metadata(mark) if mark is not None else {})}
        await self._with_node("tagging", instance_id, lambda driver, node: self._dialect.tag(driver, node, metadata))

    async def console(self, instance_id: str) -> str:
        return await self._with_node("reading the console of", instance_id, self._dialect.console)

    async def _list(self) -> list[InstanceReading]:
        return await self._calls("listing instances", lambda driver: [self._reading(node) for node in driver.list_nodes()], question=True)

    def _read(self, driver: Any, instance_id: str) -> InstanceReading:
        node = unless_absent(lambda: self._dialect.node(driver, instance_id))
        if node is None:
            return InstanceReading(instance_id, InstanceStatus.ABSENT, doubt=self._dialect.doubt(driver, instance_id))
        reading = self._reading(self._dialect.furnished(driver, node))
        if reading.status is not InstanceStatus.SHUTOFF:
            return reading
        try:
            return replace(reading, stopped_by=unless_absent(lambda: self._dialect.stopped_by(driver, node)) or "")
        except SENSELESS as error:
            raise MalformedResponseError(f"{node.id} has no record of its stop that can be read", "") from error

    def _reading(self, node: Any) -> InstanceReading:
        metadata = self._metadata(node)
        found = tags.instance_tags(metadata)
        if found is None and metadata.get(tags.CONTROLLER) == self._controller:
            raise MalformedResponseError(f"{node.id} has tags of ours that make no sense", "")
        try:
            login = self._login(node)
        except MalformedResponseError:
            if found is not None and found.controller == self._controller:
                raise
            login = Login("")  # of somebody else's machine; it is no reason to hold all of ours
        return InstanceReading(
            id=str(node.id),
            status=instance_status(node.state),
            tags=found,
            address=login.address,
            port=login.port,
            user=login.user,
            name=str(node.name),
            fault=self._dialect.fault(node),
            zone=self._dialect.zone(node),
        )

    def _login(self, node: Any) -> Login:
        try:
            login = self._dialect.login(node)
        except SENSELESS as error:
            raise MalformedResponseError(f"{node.id} has no address that can be read", "") from error
        if not (isinstance(login.address, str) and isinstance(login.user, str) and type(login.port) is int and 0 < login.port < 65536):
            raise MalformedResponseError(f"{node.id} has an address that makes no sense: {login}", "")
        return login

    async def _with_node(self, doing: str, instance_id: str, action: Callable[[Any, Any], T]) -> T:
        def act(driver: Any) -> T:
            node = unless_absent(lambda: self._dialect.node(driver, instance_id))
            if node is None:
                raise InfrastructureError(f"{self._name}: {doing} {instance_id}: there is no instance {instance_id}")
            return action(driver, node)

        return await self._calls(f"{doing} {instance_id}", act)

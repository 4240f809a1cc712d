"""Audits: what an infrastructure has that carries our tags and belongs to nothing, and its deletion where somebody asks for it.

Rules (policy.md section 6):
- Listed first, judged by what is known afterwards; whatever is suspected then is read singly, since lists may be behind.
- Before a stray is stopped, and again before it is deleted, everything is listed and judged anew: what has come to belong is left alone.
- An instance is seen off before it is deleted; one in ERROR cannot be, and is deleted as it is. What is about to be done is in the journal.
- Who must not trust what he knows deletes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from cpe.policy.strays import Judgement, Known, Listed, doubt, judge
from cpe.shell.infrastructures.registry import Infrastructures
from pcloud.errors import PcloudError, RefusedError, TimedOutError
from pcloud.limits import time_limit
from pcloud.model.actions import Report
from pcloud.model.instance import InstanceReading, PortReading, VolumeReading
from pcloud.model.ports import Infrastructure
from pcloud.model.words import Belonging, InstanceStatus
from pcloud.records.auditing import AuditFinding, Cleaned, CleanRequest, InfrastructureAudit, ThingKind
from pcloud.spec.units import duration_text

OFF = 180.0
"""Seconds for an instance to be off: as a fence has."""
GONE = 180.0
"""Seconds for it to be gone: as every deletion has."""
LOOK = 1.0
"""Seconds between two looks; a cloud's own steps take seconds."""
PROBLEMS = (Belonging.STRAY, Belonging.HIGHER)


class Audits:
    """``known`` gives what is known now, ``report`` writes into the journal; ``doubt`` is why nothing is to be deleted in this run."""

    def __init__(
        self, infrastructures: Infrastructures, known: Callable[[], Known], report: Callable[[Report], Awaitable[None]], doubt: str = ""
    ) -> None:
        self._infrastructures = infrastructures
        self._known = known
        self._report = report
        self._doubt = doubt

    async def audit(self, name: str) -> InfrastructureAudit:
        """What is found there now; NotFoundError, InfrastructureError. Changes nothing."""
        driver, cloud = self._infrastructures.expect(name).driver, self._infrastructures.get(name)
        listed = await self._listed(cloud)
        judgements = judge(listed, self._known())
        found = [_instance_finding(each, judgements[each.id]) for each in listed.instances if each.id in judgements]
        kept: list[VolumeReading | PortReading] = [*listed.volumes, *listed.ports]
        found += [_kept_finding(each, judgements[each.id]) for each in kept if each.id in judgements]
        return InfrastructureAudit(
            name=name,
            driver=driver,
            clean=not any(each.belonging in PROBLEMS for each in found),
            instances=len(listed.instances),
            volumes=len(listed.volumes),
            ports=len(listed.ports),
            found=found,
        )

    async def clean(self, name: str, request: CleanRequest) -> InfrastructureAudit:
        """Delete what is named and strays: what is found then, and what became of each. RefusedError where what is known may be old."""
        cloud = self._infrastructures.get(name)
        why_not = self._doubt or doubt(self._known())
        if why_not:
            raise RefusedError(f"nothing is deleted: {why_not}", "see that what is known here is right, and say pcloud takeover first")
        cleaned = [await self._cleaned(cloud, ThingKind.INSTANCE, each, request.owner) for each in dict.fromkeys(request.instances)]
        cleaned += [await self._cleaned(cloud, ThingKind.VOLUME, each, request.owner) for each in dict.fromkeys(request.volumes)]
        cleaned += [await self._cleaned(cloud, ThingKind.PORT, each, request.owner) for each in dict.fromkeys(request.ports)]
        return (await self.audit(name)).model_copy(update={"cleaned": cleaned})

    async def _listed(self, cloud: Infrastructure) -> Listed:
        """All that carries tags there, without what a list shows and the cloud does not know any more."""
        volumes, ports = await cloud.volumes(), await cloud.ports()
        instances = [each for each in await cloud.instances() if each.status is not InstanceStatus.ABSENT]
        listed = Listed(cloud.name, instances, volumes, ports)
        suspects = {each for each, its in judge(listed, self._known()).items() if its.belonging in PROBLEMS}
        read = [await cloud.read(each.id) if each.id in suspects else each for each in instances]
        there = [each for each in read if each.status is not InstanceStatus.ABSENT]
        return replace(listed, instances=there)

    async def _cleaned(self, cloud: Infrastructure, kind: ThingKind, identity: str, owner: str) -> Cleaned:
        """Delete it, and say what became of it; what fails with one keeps nobody from the others."""
        remove = {ThingKind.INSTANCE: self._remove_instance, ThingKind.VOLUME: self._remove_volume}.get(kind, self._remove_port)
        try:
            said = await remove(cloud, identity, owner)
        except PcloudError as error:
            return Cleaned(kind=kind, id=identity, done=False, said=str(error))
        return Cleaned(kind=kind, id=identity, done=True, said=said)

    async def _remove_instance(self, cloud: Infrastructure, identity: str, owner: str) -> str:
        stray = await self._expect_stray(cloud, ThingKind.INSTANCE, identity)
        if stray is None:
            return "gone already"
        await self._report(Report("cleaned", reason=f"{owner} has the stray {identity} of {stray.whose} at {cloud.name} deleted"))
        await see_off(cloud, identity)
        if await self._expect_stray(cloud, ThingKind.INSTANCE, identity) is None:
            return "gone"
        await cloud.destroy(identity)
        await seen(cloud, identity, (InstanceStatus.ABSENT,), GONE)
        return "off, then deleted"

    async def _remove_volume(self, cloud: Infrastructure, identity: str, owner: str) -> str:
        stray = await self._expect_stray(cloud, ThingKind.VOLUME, identity)
        if stray is None:
            return "gone already"
        await self._report(Report("cleaned", reason=f"{owner} has the stray volume {identity} of {stray.whose} at {cloud.name} deleted"))
        await cloud.delete_volume(identity)
        return "deleted, and its data with it"

    async def _remove_port(self, cloud: Infrastructure, identity: str, owner: str) -> str:
        stray = await self._expect_stray(cloud, ThingKind.PORT, identity)
        if stray is None:
            return "gone already"
        await self._report(
            Report("cleaned", reason=f"{owner} has the stray {stray.kind} {identity} of {stray.whose} at {cloud.name} deleted")
        )
        await cloud.delete_port(identity)
        return "deleted"

    async def _expect_stray(self, cloud: Infrastructure, kind: ThingKind, identity: str) -> AuditFinding | None:
        """It as it is found now; None where there is no such thing, RefusedError where it is no stray."""
        listed = await self._listed(cloud)
        judgements = judge(listed, self._known())
        things = things_of(listed, kind)
        thing = next((each for each in things if each.id == identity), None)
        if thing is None:
            return None
        judgement = judgements.get(identity)
        if judgement is None or judgement.belonging is not Belonging.STRAY:
            raise RefusedError(f"{identity} is no stray: {judgement.reason if judgement is not None else 'it belongs here'}")
        return _instance_finding(thing, judgement) if isinstance(thing, InstanceReading) else _kept_finding(thing, judgement)


async def see_off(cloud: Infrastructure, identity: str) -> None:
    """Stop it and read it until it does not run any more. What is in ERROR cannot be stopped."""
    if (await cloud.read(identity)).status not in {InstanceStatus.ABSENT, InstanceStatus.ERROR}:
        await cloud.stop(identity)
        await seen(cloud, identity, (InstanceStatus.SHUTOFF, InstanceStatus.ABSENT, InstanceStatus.ERROR), OFF)


async def seen(cloud: Infrastructure, identity: str, statuses: Sequence[InstanceStatus], within: float) -> None:
    """Read it until it has one of these; TimedOutError after ``within`` seconds."""
    try:
        async with time_limit(within):
            while (await cloud.read(identity)).status not in statuses:  # noqa: ASYNC110 - a cloud tells nobody
                await asyncio.sleep(LOOK)
    except TimeoutError as error:
        raise TimedOutError(f"{identity} is not {statuses[0]} after {duration_text(within)}", "look at it at the cloud") from error


def things_of(listed: Listed, kind: ThingKind) -> Sequence[InstanceReading | VolumeReading | PortReading]:
    """Those of one kind; ports and floating addresses are one here."""
    match kind:
        case ThingKind.INSTANCE:
            return listed.instances
        case ThingKind.VOLUME:
            return listed.volumes
        case ThingKind.PORT | ThingKind.ADDRESS:
            return listed.ports


def _instance_finding(reading: InstanceReading, judgement: Judgement) -> AuditFinding:
    if reading.tags is None:
        raise ValueError(f"{reading.id} has no tags to be judged by")
    return AuditFinding(
        kind=ThingKind.INSTANCE,
        id=reading.id,
        name=reading.name,
        status=reading.status,
        belonging=judgement.belonging,
        reason=judgement.reason,
        controller=reading.tags.controller,
        deployable=reading.tags.deployable,
        assembly=reading.tags.assembly,
        generation=reading.tags.generation,
    )


def _kept_finding(reading: VolumeReading | PortReading, judgement: Judgement) -> AuditFinding:
    """Of a volume, a port or a floating address."""
    if isinstance(reading, VolumeReading):
        kind, name, volume = ThingKind.VOLUME, reading.name, reading.tags.volume
    else:
        kind, name, volume = ThingKind.ADDRESS if reading.floating else ThingKind.PORT, reading.address, ""
    return AuditFinding(
        kind=kind,
        id=reading.id,
        name=name,
        status=f"attached to {reading.holder}" if reading.holder else "free",
        belonging=judgement.belonging,
        reason=judgement.reason,
        controller=reading.tags.controller,
        deployable=reading.tags.deployable,
        assembly=reading.tags.assembly,
        volume=volume,
    )

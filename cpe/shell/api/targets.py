"""Targets as the API filters by them and lists them: DEPLOYABLE[/ASSEMBLY[/RESOURCE]].

Rules: "" is everything; a target takes in all that is below it; they are listed as a tree is, each before what is below it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from cpe.shell.api.paging import PAGED, Limit, one_page
from cpe.shell.api.port import Controller
from pcloud.errors import NotFoundError, RefusedError
from pcloud.records.event import EventRecord
from pcloud.records.status import DeployableStatus, DeployableSummary, TargetStatus
from pcloud.spec.problems import did_you_mean

BREATH = 50  # deployables that are looked through before others have their turn: some milliseconds

Prefix = Annotated[str, Query(max_length=1000, description="only those that begin so")]
Name = Annotated[str, Query(max_length=1000, description="only those whose own name, the last part, is this")]
Deep = Annotated[int, Field(ge=1, le=3)] | SkipJsonSchema[None]  # a query has no word for null
Depth = Annotated[Deep, Query(description="only deployables (1), assemblies (2) or resources (3)")]
Behind = Annotated[str, Query(max_length=1000, description="what is behind this target")]


def target_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(prefix="/targets", tags=["targets"])

    @routes.get("", summary="Everything that has a name", responses=PAGED)
    async def targets(
        request: Request,
        response: Response,
        prefix: Prefix = "",
        name: Name = "",
        depth: Depth = None,
        after: Behind = "",
        limit: Limit = 100,
    ) -> list[TargetStatus]:
        found: list[TargetStatus] = []
        async for each in all_targets(controller, prefix, behind=after, deep=depth != 1):
            parts = each.target.split("/")
            if name in {"", parts[-1]} and depth in {None, len(parts)}:
                found.append(each)
            if len(found) > limit:
                break
        return one_page(found, limit, lambda each: each.target, request, response)

    return routes


async def all_targets(controller: Controller, prefix: str, *, behind: str, deep: bool) -> AsyncIterator[TargetStatus]:
    """Those that begin with ``prefix``, behind the target ``behind``; only deployables unless ``deep``."""
    begin, seen = behind.split("/"), count(1)
    whole, slash, _ = prefix.partition("/")
    names = await controller.list_deployables()
    for one in names:
        if one.name < begin[0] or not (one.name == whole if slash else one.name.startswith(whole)):
            continue
        for each in await _tree(controller, one, deep=deep):
            if each.target.startswith(prefix) and (not behind or each.target.split("/") > begin):
                yield each
        if not next(seen) % BREATH:
            await asyncio.sleep(0)


async def _tree(controller: Controller, one: DeployableSummary, *, deep: bool) -> list[TargetStatus]:
    """A deployable and all that is below it, sorted."""
    found = [TargetStatus(target=one.name, state=one.state)]
    if not deep:
        return found
    try:
        status = await controller.status(one.name)
    except (NotFoundError, RefusedError):  # deleted meanwhile, or could not be taken up: it has its name
        return found
    return [*found, *_branches(status)]


def _branches(status: DeployableStatus) -> Iterator[TargetStatus]:
    for assembly in sorted(status.assemblies, key=attrgetter("name")):
        yield TargetStatus(target=f"{status.name}/{assembly.name}", state=assembly.state)
        for resource in sorted(assembly.resources, key=attrgetter("name")):
            yield TargetStatus(target=f"{status.name}/{assembly.name}/{resource.name}", state=resource.state)


def covers(target: str, event: EventRecord) -> bool:
    """Whether ``event`` is about ``target`` or something below it."""
    return not target or event.target == target or event.target.startswith(f"{target}/")


def expect(status: DeployableStatus, target: str) -> None:
    """NotFoundError, with the nearest known name, unless the deployable has such a target."""
    _, assembly, resource, *_ = *target.split("/"), "", ""
    assemblies = {one.name: one for one in status.assemblies}
    if assembly and assembly not in assemblies:
        raise NotFoundError(f"{status.name} has no assembly {assembly}", did_you_mean(assembly, list(assemblies), "its assemblies"))
    resources = [one.name for one in assemblies[assembly].resources] if assembly else []
    if resource and resource not in resources:
        cure = did_you_mean(resource, resources, "its resources")
        raise NotFoundError(f"{status.name}/{assembly} has no resource {resource}", cure)

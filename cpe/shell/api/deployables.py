"""Routes of deployables, from the spec to the end.

Rules: what only asks is a GET; what is begun and goes on by itself answers 202 with the status at that moment.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from cpe.shell.api.contract import CHANGING, NAMED, problems
from cpe.shell.api.events import From
from cpe.shell.api.paging import PAGED, Limit, one_page
from cpe.shell.api.port import Controller
from pcloud.records.fact import FactRecord
from pcloud.records.reloading import ReloadPlan
from pcloud.records.requests import CheckedSpec, SpecInForce, SpecUpload
from pcloud.records.specs import EffectiveSettings
from pcloud.records.status import DeployableStatus, DeployableSummary

Behind = Annotated[str, Query(max_length=1000, description="what is behind this name")]


def deployable_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(tags=["deployables"])
    _listing(routes, controller)
    _reading(routes, controller)
    _registering(routes, controller)
    _changing(routes, controller)
    return routes


def _listing(routes: APIRouter, controller: Controller) -> None:
    @routes.get("/deployables", summary="Deployables, by name", responses=PAGED)
    async def list_deployables(request: Request, response: Response, after: Behind = "", limit: Limit = 100) -> list[DeployableSummary]:
        found = await controller.list_deployables(after=after, limit=limit + 1)
        return one_page(found, limit, lambda each: each.name, request, response)

    @routes.get(
        "/deployables/{name}/facts",
        summary="What its policy was given, in order; all of its decisions follow from it",
        responses=PAGED | NAMED,
    )
    async def facts(name: str, request: Request, response: Response, after: From = 0, limit: Limit = 100) -> list[FactRecord]:
        found = await controller.facts(name, after=after, limit=limit + 1)
        return one_page(found, limit, lambda each: each.seq, request, response)


def _reading(routes: APIRouter, controller: Controller) -> None:
    @routes.get("/deployables/{name}", summary="How a deployable stands", responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
    async def status(name: str) -> DeployableStatus:
        return await controller.status(name)

    @routes.get("/deployables/{name}/spec", summary="Its spec, with what it inherits from the configuration", responses=NAMED)
    async def spec(name: str) -> SpecInForce:
        return await controller.spec(name)

    @routes.get("/deployables/{name}/effective", summary="What the spec comes to: every setting, and where it comes from", responses=NAMED)
    async def effective(name: str) -> EffectiveSettings:
        return await controller.effective(name)


def _registering(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/check", summary="Check a spec; changes nothing", responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
    async def check(upload: SpecUpload) -> CheckedSpec:
        return CheckedSpec(name=await controller.check(upload))

    @routes.post(
        "/deployables",
        status_code=HTTPStatus.CREATED,
        summary="Register a deployable; the same content again changes nothing",
        responses=CHANGING,
    )
    async def create(upload: SpecUpload, replace: bool = False) -> DeployableStatus:
        return await controller.create(upload, replace=replace)


def _changing(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/deployables/{name}/start", status_code=HTTPStatus.ACCEPTED, summary="Launch what is missing", responses=CHANGING)
    async def start(name: str) -> DeployableStatus:
        await controller.start(name)
        return await controller.status(name)

    @routes.post("/deployables/{name}/plan", summary="What another spec would change; changes nothing", responses=CHANGING)
    async def plan(name: str, upload: SpecUpload) -> ReloadPlan:
        return await controller.reloads.plan(name, upload)

    @routes.post(
        "/deployables/{name}/reload",
        status_code=HTTPStatus.ACCEPTED,
        summary="Make it what another spec says, by the smallest change; with the version of a plan only while that still holds",
        responses=CHANGING,
    )
    async def reload(name: str, upload: SpecUpload, version: str = "") -> DeployableStatus:
        await controller.reloads.apply(name, upload, version)
        return await controller.status(name)

    @routes.post(
        "/deployables/{name}/stop",
        status_code=HTTPStatus.ACCEPTED,
        summary="Stop the services, then destroy the instances",
        responses=CHANGING,
    )
    async def stop(name: str) -> DeployableStatus:
        await controller.stop(name)
        return await controller.status(name)

    @routes.delete("/deployables/{name}", status_code=HTTPStatus.NO_CONTENT, summary="Forget a stopped deployable", responses=CHANGING)
    async def delete(name: str, volumes: bool = False) -> None:
        await controller.delete(name, volumes=volumes)

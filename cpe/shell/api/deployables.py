"""Routes of deployables, from the spec to the end.

Rules: what only asks is a GET; what is begun and goes on by itself answers 202 with the status at that moment.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from cpe.shell.api.events import From, Limit
from cpe.shell.api.port import Controller
from pcloud.records.fact import FactRecord
from pcloud.records.requests import CheckedSpec, SpecInForce, SpecUpload
from pcloud.records.specs import EffectiveSettings
from pcloud.records.status import DeployableStatus, DeployableSummary


def deployable_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(tags=["deployables"])
    _reading(routes, controller)
    _changing(routes, controller)
    return routes


def _reading(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/check", summary="Check a spec; changes nothing")
    async def check(upload: SpecUpload) -> CheckedSpec:
        return CheckedSpec(name=await controller.check(upload))

    @routes.get("/deployables", summary="All deployables")
    async def list_deployables() -> list[DeployableSummary]:
        return list(await controller.list_deployables())

    @routes.get("/deployables/{name}", summary="How a deployable stands")
    async def status(name: str) -> DeployableStatus:
        return await controller.status(name)

    @routes.get("/deployables/{name}/spec", summary="Its spec, with what it inherits from the configuration")
    async def spec(name: str) -> SpecInForce:
        return await controller.spec(name)

    @routes.get("/deployables/{name}/effective", summary="What the spec comes to: every setting, and where it comes from")
    async def effective(name: str) -> EffectiveSettings:
        return await controller.effective(name)

    @routes.get("/deployables/{name}/facts", summary="What its policy was given, in order; all of its decisions follow from it")
    async def facts(name: str, after: From = 0, limit: Limit = 100) -> list[FactRecord]:
        return list(await controller.facts(name, after=after, limit=limit))


def _changing(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/deployables", status_code=HTTPStatus.CREATED, summary="Register a deployable; the same content again changes nothing")
    async def create(upload: SpecUpload, replace: bool = False) -> DeployableStatus:
        return await controller.create(upload, replace=replace)

    @routes.post("/deployables/{name}/start", status_code=HTTPStatus.ACCEPTED, summary="Launch what is missing")
    async def start(name: str) -> DeployableStatus:
        await controller.start(name)
        return await controller.status(name)

    @routes.post("/deployables/{name}/stop", status_code=HTTPStatus.ACCEPTED, summary="Stop the services, then destroy the instances")
    async def stop(name: str) -> DeployableStatus:
        await controller.stop(name)
        return await controller.status(name)

    @routes.delete("/deployables/{name}", status_code=HTTPStatus.NO_CONTENT, summary="Forget a stopped deployable")
    async def delete(name: str, volumes: bool = False) -> None:
        await controller.delete(name, volumes=volumes)

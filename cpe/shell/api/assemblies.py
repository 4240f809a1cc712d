"""Routes of assemblies and their resources: what an operator does by hand.

Rules: each is begun here and goes on by itself; 202 with the status at that moment.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from cpe.shell.api.contract import CHANGING
from cpe.shell.api.port import Controller
from pcloud.records.adopting import Adoption, AdoptRequest
from pcloud.records.evidence import ConsoleNow, InstanceEvidence
from pcloud.records.requests import SshTarget
from pcloud.records.status import DeployableStatus

Known = Annotated[int, Field(ge=0)] | SkipJsonSchema[None]  # a query has no word for null
Generation = Annotated[Known, Query(description="only of this one")]


def assembly_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(prefix="/deployables/{name}/assemblies/{assembly}", tags=["assemblies"], responses=CHANGING)

    @routes.get("/ssh", summary="How to log in")
    async def ssh_target(name: str, assembly: str) -> SshTarget:
        return await controller.ssh_target(name, assembly)

    @routes.get("/evidence", summary="What is kept of its replaced instances, the newest first")
    async def evidence(name: str, assembly: str, generation: Generation = None) -> list[InstanceEvidence]:
        return list(await controller.last_words.evidence(name, assembly, generation))

    @routes.get("/evidence/{generation}/console", summary="The console of one that is kept, as its cloud has it now")
    async def console(name: str, assembly: str, generation: int) -> ConsoleNow:
        return await controller.last_words.console(name, assembly, generation)

    @routes.post("/reboot", status_code=HTTPStatus.ACCEPTED, summary="Reboot the instance")
    async def reboot(name: str, assembly: str) -> DeployableStatus:
        await controller.reboot(name, assembly)
        return await controller.status(name)

    @routes.post("/relaunch", status_code=HTTPStatus.ACCEPTED, summary="Replace the instance")
    async def relaunch(name: str, assembly: str) -> DeployableStatus:
        await controller.relaunch(name, assembly)
        return await controller.status(name)

    @routes.post("/adopt/look", summary="What adopting a machine would take under care")
    async def look(name: str, assembly: str, request: AdoptRequest) -> Adoption:
        return await controller.adoptions.look(name, assembly, request)

    @routes.post("/adopt", status_code=HTTPStatus.ACCEPTED, summary="Take a machine under care that is there already")
    async def adopt(name: str, assembly: str, request: AdoptRequest) -> DeployableStatus:
        await controller.adoptions.adopt(name, assembly, request)
        return await controller.status(name)

    @routes.post("/resources/{resource}/restart", status_code=HTTPStatus.ACCEPTED, summary="Restart a service")
    async def restart(name: str, assembly: str, resource: str) -> DeployableStatus:
        await controller.restart(name, assembly, resource)
        return await controller.status(name)

    return routes

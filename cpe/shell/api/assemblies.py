"""Routes of assemblies and their resources: what an operator does by hand.

Rules: each is begun here and goes on by itself; 202 with the status at that moment.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from cpe.shell.api.contract import CHANGING
from cpe.shell.api.port import Controller
from pcloud.records.adopting import Adoption, AdoptRequest
from pcloud.records.requests import SshTarget
from pcloud.records.status import DeployableStatus


def assembly_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(prefix="/deployables/{name}/assemblies/{assembly}", tags=["assemblies"], responses=CHANGING)

    @routes.get("/ssh", summary="How to log in")
    async def ssh_target(name: str, assembly: str) -> SshTarget:
        return await controller.ssh_target(name, assembly)

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

"""Routes of what operators say of recoveries: pauses, answers, retries.

Rules: each is taken in here and goes on by itself; 202 with the status at that moment. The body says which part of the deployable is meant.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from cpe.shell.api.contract import CHANGING
from cpe.shell.api.port import Controller
from pcloud.records.operating import AnswerRequest, ConfirmRequest, PauseRequest, ResumeRequest, TakeoverRequest, TargetRequest
from pcloud.records.status import DeployableStatus


def operating_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(prefix="/deployables/{name}", tags=["operating"], responses=CHANGING)
    _pausing(routes, controller)
    _answering(routes, controller)
    _forgiving(routes, controller)
    _taking_over(routes, controller)
    return routes


def _pausing(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/pause", status_code=HTTPStatus.ACCEPTED, summary="Do nothing to it for a while")
    async def pause(name: str, request: PauseRequest) -> DeployableStatus:
        await controller.words.pause(name, request)
        return await controller.status(name)

    @routes.post("/resume", status_code=HTTPStatus.ACCEPTED, summary="End its pauses")
    async def resume(name: str, request: ResumeRequest) -> DeployableStatus:
        await controller.words.resume(name, request)
        return await controller.status(name)


def _answering(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/approve", status_code=HTTPStatus.ACCEPTED, summary="Yes to what waits for it")
    async def approve(name: str, request: AnswerRequest) -> DeployableStatus:
        await controller.words.answer(name, request, approved=True)
        return await controller.status(name)

    @routes.post("/deny", status_code=HTTPStatus.ACCEPTED, summary="No to what waits for a yes")
    async def deny(name: str, request: AnswerRequest) -> DeployableStatus:
        await controller.words.answer(name, request, approved=False)
        return await controller.status(name)


def _forgiving(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/retry", status_code=HTTPStatus.ACCEPTED, summary="Begin again with what was given up")
    async def retry(name: str, request: TargetRequest) -> DeployableStatus:
        await controller.words.retry(name, request)
        return await controller.status(name)

    @routes.post("/cleanup", status_code=HTTPStatus.ACCEPTED, summary="Forget what is counted against it, and look anew")
    async def cleanup(name: str, request: TargetRequest) -> DeployableStatus:
        await controller.words.cleanup(name, request)
        return await controller.status(name)


def _taking_over(routes: APIRouter, controller: Controller) -> None:
    @routes.post("/confirm-dead", status_code=HTTPStatus.ACCEPTED, summary="Its instance is dead, and may be replaced")
    async def confirm_dead(name: str, request: ConfirmRequest) -> DeployableStatus:
        await controller.words.confirm_dead(name, request)
        return await controller.status(name)

    @routes.post("/takeover", status_code=HTTPStatus.ACCEPTED, summary="This controller is the one, and may act on it again")
    async def takeover(name: str, request: TakeoverRequest) -> DeployableStatus:
        await controller.words.takeover(name, request)
        return await controller.status(name)

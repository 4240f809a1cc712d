"""Routes of infrastructures: which there are, and whether they work."""

from __future__ import annotations

from fastapi import APIRouter

from cpe.shell.api.contract import NAMED
from cpe.shell.api.port import InfrastructureTrials
from pcloud.records.infrastructures import InfrastructureSummary, InfrastructureTrial, TrialRequest


def infrastructure_routes(trials: InfrastructureTrials) -> APIRouter:
    routes = APIRouter(prefix="/infrastructures", tags=["infrastructures"])

    @routes.get("", summary="All infrastructures, as they are configured")
    async def list_infrastructures() -> list[InfrastructureSummary]:
        return list(trials.list_infrastructures())

    @routes.post("/{name}/test", summary="Try it, and tell step by step what works", responses=NAMED)
    async def test_infrastructure(name: str, request: TrialRequest) -> InfrastructureTrial:
        return await trials.test(name, request)

    return routes

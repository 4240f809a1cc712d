"""Routes of infrastructures: which there are, whether they work, and what strays there."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from cpe.shell.api.contract import CHANGING, NAMED, problems
from cpe.shell.api.port import InfrastructureAudits, InfrastructureTrials
from pcloud.records.auditing import CleanRequest, InfrastructureAudit
from pcloud.records.infrastructures import InfrastructureSummary, InfrastructureTrial, TrialRequest


def infrastructure_routes(trials: InfrastructureTrials, audits: InfrastructureAudits) -> APIRouter:
    routes = APIRouter(prefix="/infrastructures", tags=["infrastructures"])

    @routes.get("", summary="All infrastructures, as they are configured")
    async def list_infrastructures() -> list[InfrastructureSummary]:
        return list(trials.list_infrastructures())

    @routes.post("/{name}/test", summary="Try it, and tell step by step what works", responses=NAMED)
    async def test_infrastructure(name: str, request: TrialRequest) -> InfrastructureTrial:
        return await trials.test(name, request)

    @routes.get(
        "/{name}/audit",
        summary="What carries tags as ours do and belongs to nothing here; changes nothing",
        responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT),
    )
    async def audit_infrastructure(name: str) -> InfrastructureAudit:
        return await audits.audit(name)

    @routes.post("/{name}/clean", summary="Delete what is named, as far as it strays; takes minutes", responses=CHANGING)
    async def clean_infrastructure(name: str, request: CleanRequest) -> InfrastructureAudit:
        return await audits.clean(name, request)

    return routes

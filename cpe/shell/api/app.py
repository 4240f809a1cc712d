"""The API as one application.

Rules: everything is below /v1, but what Prometheus reads; every error is a problem (RFC 9457); no page of it loads anything from elsewhere.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from cpe.shell.api.assemblies import assembly_routes
from cpe.shell.api.backup import backup_routes
from cpe.shell.api.contract import EVERYWHERE, operation_name, publish
from cpe.shell.api.deployables import deployable_routes
from cpe.shell.api.events import Stopping, event_routes
from cpe.shell.api.explanations import explanation_routes
from cpe.shell.api.infrastructures import infrastructure_routes
from cpe.shell.api.metrics import Metrics, metrics_routes
from cpe.shell.api.operating import operating_routes
from cpe.shell.api.overview import Overviews, overview_routes
from cpe.shell.api.port import Controller, InfrastructureAudits, InfrastructureTrials
from cpe.shell.api.problems import install
from cpe.shell.api.targets import target_routes
from pcloud import __version__
from pcloud.records.requests import DaemonStatus


def application(
    controller: Controller,
    trials: InfrastructureTrials,
    audits: InfrastructureAudits,
    overviews: Overviews,
    metrics: Metrics | None = None,
) -> FastAPI:
    """The ASGI application that stands before ``controller``, ``trials`` and ``audits`` of its infrastructures, ``overviews`` of all of it,
    and its ``metrics``.
    """
    # FastAPI's own documentation pages fetch their scripts from a CDN.
    app = FastAPI(
        title="pcloud",
        version=__version__,
        summary="High availability for applications made of several machines",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # one thing has one address
    )
    app.state.stopping = Stopping()
    routes = APIRouter(prefix="/v1", responses=EVERYWHERE, generate_unique_id_function=operation_name)
    routes.include_router(_daemon_routes(controller))
    routes.include_router(overview_routes(overviews))
    routes.include_router(backup_routes(controller))
    routes.include_router(deployable_routes(controller))
    routes.include_router(assembly_routes(controller))
    routes.include_router(operating_routes(controller))
    routes.include_router(event_routes(controller, app.state.stopping))
    routes.include_router(explanation_routes(controller))
    routes.include_router(infrastructure_routes(trials, audits))
    routes.include_router(target_routes(controller))
    app.include_router(routes)
    if metrics is not None:
        app.include_router(metrics_routes(metrics))
    install(app)
    publish(app)
    return app


def _daemon_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(tags=["daemon"])

    @routes.get("/daemon", summary="Who answers")
    async def daemon() -> DaemonStatus:
        return await controller.daemon()

    return routes

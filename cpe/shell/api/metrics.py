"""The route of the metrics, where every Prometheus looks for them."""

from __future__ import annotations

from typing import Protocol

from fastapi import APIRouter, Request, Response

METRICS = "/metrics"


class Metrics(Protocol):
    """What is told of the daemon itself."""

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """The text of this moment, and its media type; ``accept`` is what whoever asks accepts."""


def metrics_routes(metrics: Metrics) -> APIRouter:
    routes = APIRouter()

    @routes.get(METRICS, include_in_schema=False)  # its format is Prometheus' own, and no part of our contract
    async def exposition(request: Request) -> Response:
        text, media_type = metrics.exposed(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": media_type})

    return routes

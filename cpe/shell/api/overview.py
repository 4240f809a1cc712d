"""The route of the overview: how everything stands, in figures."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import APIRouter, Query

from pcloud.records.overview import Overview

MOST = 100  # deployables in trouble that are named: more is what the list of deployables is for
FEW = 10  # what fits on a screen


class Overviews(Protocol):
    """Whoever sees everything at once."""

    async def overview(self, *, worst: int) -> Overview:
        """How everything stands now, with at most ``worst`` of the deployables that are in trouble."""


def overview_routes(overviews: Overviews) -> APIRouter:
    routes = APIRouter(tags=["daemon"])

    @routes.get("/overview", summary="How everything stands, in figures")
    async def overview(
        worst: Annotated[int, Query(ge=0, le=MOST, description="so many of the deployables that are in trouble, the worst first")] = FEW,
    ) -> Overview:
        return await overviews.overview(worst=worst)

    return routes

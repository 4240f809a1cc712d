"""Routes of explanations: why something was done or not done, and what came of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cpe.shell.api.events import Target
from cpe.shell.api.port import Controller
from cpe.shell.api.targets import expect
from pcloud.errors import NotFoundError
from pcloud.records.explanation import Explanation

MOST = 100  # decisions at once: each has a story of a dozen events


def explanation_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(prefix="/explanations", tags=["explanations"])

    @routes.get("", summary="The last decisions, in order, each with what came of it")
    async def explanations(
        target: Target = "", last: Annotated[int, Query(ge=1, le=MOST, description="so many of the last ones")] = 1
    ) -> list[Explanation]:
        found = list(await controller.explanations(target=target, last=last))
        if target and not found:
            if target.count("/") > 2:
                raise NotFoundError(f"{target} is no target", "write DEPLOYABLE[/ASSEMBLY[/RESOURCE]]")
            expect(await controller.status(target.partition("/")[0]), target)
        return found

    return routes

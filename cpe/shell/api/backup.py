"""The route of backups: one file with the store and the keys, as it is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from cpe.shell.api.contract import problems
from cpe.shell.api.port import Controller

CHUNK = 2**20  # bytes that are read and sent at once
MEDIA_TYPE = "application/vnd.sqlite3"

FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A store as it was at one moment, with the keys of all machines: whoever has it can log in to them",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    **problems(HTTPStatus.CONFLICT),
}


def backup_routes(controller: Controller) -> APIRouter:
    routes = APIRouter(tags=["daemon"])

    @routes.get("/backup", summary="All that is needed to go on elsewhere, as one file", response_class=StreamingResponse, responses=FILE)
    async def backup() -> StreamingResponse:
        stack = AsyncExitStack()
        file = await stack.enter_async_context(controller.backups.made())
        size = file.stat().st_size
        return StreamingResponse(_content(file, stack), media_type=MEDIA_TYPE, headers={"Content-Length": str(size)})

    return routes


async def _content(path: Path, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """What is in the file; it is let go of at the end, also of a reader who has left."""
    async with stack:
        with await asyncio.to_thread(path.open, "rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                yield chunk

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
from starlette.types import Receive, Scope, Send

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
        return Sent(await stack.enter_async_context(controller.backups.made()), stack)

    return routes


class Sent(StreamingResponse):
    """A file that is let go of when it is sent, and also when its reader has left before its first byte."""

    def __init__(self, file: Path, stack: AsyncExitStack) -> None:
        super().__init__(_content(file), media_type=MEDIA_TYPE, headers={"Content-Length": str(file.stat().st_size)})
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)


async def _content(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk

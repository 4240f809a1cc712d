"""Serves the API on a Unix socket, inside the daemon's own event loop.

Rules: signals and logging belong to the daemon, not to uvicorn; the streams end first, so that stopping takes no longer than the requests
that are being answered, and GRACE at the most.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from cpe.shell.api.events import Stopping
from cpe.shell.api.socket_file import BACKLOG, claim

CONNECTIONS = 200
"""At a time: people, web pages, scripts that follow events. Each stream may hold a thousand events back, and a descriptor of ours."""

GRACE = 5  # seconds for the requests that are being answered when we stop; all of them are short


class _Server(uvicorn.Server):
    """Uvicorn without hands on the process: no signal handlers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


async def serve(app: FastAPI, socket_path: Path, *, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve ``app`` until cancelled; ``on_ready`` is called once it can be reached. RefusedError if the socket's place is taken."""
    place = claim(socket_path)
    try:
        server = _Server(_config(app), on_ready)
        serving = asyncio.create_task(server.serve(sockets=[place.listener]), name="http api")
        try:
            await asyncio.shield(serving)
        finally:
            stopping: Stopping = app.state.stopping
            stopping.begin()
            server.should_exit = True
            await serving
    finally:
        place.release()


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE,
    )

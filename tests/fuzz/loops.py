"""One real event loop for all targets that need one, and a server on it that says whatever it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


def in_loop(work: Callable[P, Awaitable[T]], *arguments: P.args, **named: P.kwargs) -> T:
    """What it gives; whatever went wrong in a callback meanwhile is raised too, for the daemon's loop would have logged it as a bug."""
    troubles: list[dict[str, Any]] = []
    loop = _runner().get_loop()
    loop.set_exception_handler(lambda _loop, trouble: troubles.append(trouble))

    async def working() -> T:
        return await work(*arguments, **named)

    found = _runner().run(working())
    for trouble in troubles:
        raise trouble.get("exception") or AssertionError(trouble["message"])
    return found


def close_loop() -> None:
    """Let go of it; the next who needs one gets another."""
    if _runner.cache_info().currsize:
        _runner().close()
        _runner.cache_clear()


class Speaker:
    """Says ``greeting`` to whoever connects, ``answer`` to the first thing that he says, and hangs up."""

    def __init__(self, greeting: bytes, answer: bytes = b"") -> None:
        self._greeting = greeting
        self._answer = answer
        self._talking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._talking.values():
            writer.transport.abort()
        await asyncio.gather(*self._talking)
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking[task] = writer
        try:
            with suppress(OSError):
                await self._speak(reader, writer)
        finally:
            del self._talking[task]
            writer.transport.abort()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._greeting)
        await writer.drain()
        if self._answer:
            await reader.read(65536)
            writer.write(self._answer)
            await writer.drain()
        writer.write_eof()
        while await reader.read(65536):  # else the kernel resets, and what was said is lost
            pass

"""Services that answer, refuse or hang, on loopback addresses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def serving(
    address: str, answer: bytes, *, port: int = 0, banner: bytes = b"", hold: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A TCP service: says ``banner`` first, then ``answer`` to whatever it is asked; with ``hold`` it never closes. Yields its port."""

    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking = asyncio.current_task()
        assert talking is not None
        conversations.add(talking)
        talking.add_done_callback(conversations.discard)
        try:
            writer.write(banner)
            if banner or hold:
                await reader.read(-1)
            else:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the checks hang up when they have seen enough
        finally:
            writer.close()

    server = await asyncio.start_server(serve, address, port, ssl=tls)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        left = tuple(conversations)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def page(body: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()

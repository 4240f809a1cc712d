"""Whether a service answers, told from a TCP connection that merely exists.

Rules: only bytes of the service are an answer; a stopped process completes TCP handshakes, so silence after one shows nothing; a closed
connection shows a living machine, for a stopped process closes nothing.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from pcloud.limits import time_limit
from pcloud.model.words import Reach

_BANNER_PART = 0.3
"""Part of the time in which a service that speaks first (SSH, MySQL, SMTP) is waited for, before one that waits is asked."""
_QUESTION = b"GET / HTTP/1.0\r\n\r\n"
"""What nearly everything that waits for its client answers with something, an error at least."""


class Reader(Protocol):
    """The half of a connection that answers come from."""

    async def read(self, n: int = -1, /) -> bytes: ...


class Writer(Protocol):
    """The other half."""

    def write(self, data: bytes, /) -> None: ...


async def listen_for_answer(reader: Reader, writer: Writer, timeout: float) -> Reach:
    """ANSWERED, REFUSED (closed without a word) or SILENT, within ``timeout`` seconds."""
    first = await _heard(reader, timeout * _BANNER_PART)
    if first is not Reach.SILENT:
        return first
    try:
        writer.write(_QUESTION)
    except OSError:
        return Reach.REFUSED
    return await _heard(reader, timeout * (1 - _BANNER_PART))


async def reach(host: str, port: int, timeout: float) -> Reach:
    """Whether the service at an address answers us here, within ``timeout`` seconds; also a name that cannot be resolved is SILENT."""
    try:
        async with time_limit(timeout):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return await listen_for_answer(reader, writer, timeout)
            finally:
                writer.transport.abort()
    except ConnectionRefusedError:
        return Reach.REFUSED
    except (OSError, TimeoutError, ValueError):  # the last: it can be no name at all
        return Reach.SILENT


async def _heard(reader: Reader, timeout: float) -> Reach:
    try:
        async with time_limit(timeout):
            return Reach.ANSWERED if await reader.read(1) else Reach.REFUSED
    except TimeoutError:
        return Reach.SILENT
    except OSError:  # reset by the other side
        return Reach.REFUSED

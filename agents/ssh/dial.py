"""A TCP connection on which an SSH server has begun to speak.

Rules: nothing is sent and nothing is taken from the socket: a stopped listener completes TCP handshakes, only its banner shows life, and a
key exchange is for those who have shown it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from agents.ssh.faults import MissedError, UnclearError, fault_of
from pcloud.limits import time_limit

_PEEK = 255
"""Bytes: the longest identification line (RFC 4253, section 4.2)."""


async def dial(address: str, port: int, timeout: float) -> socket.socket:
    """The connected socket, with the banner still to be read. Connect and banner have ``timeout`` seconds each. Raises the faults."""
    family, target = await _resolve(address, port, timeout)
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise fault_of(error) from error
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await _connect(sock, target, timeout)
        await _await_banner(sock, timeout)
    except OSError as error:
        sock.close()
        raise fault_of(error) from error
    except BaseException:
        sock.close()
        raise
    return sock


async def _resolve(address: str, port: int, timeout: float) -> tuple[socket.AddressFamily, tuple[str | int, ...]]:
    if _is_literal(address, ipaddress.IPv4Address):
        return socket.AF_INET, (address, port)
    if _is_literal(address, ipaddress.IPv6Address):
        return socket.AF_INET6, (address, port, 0, 0)
    try:
        async with time_limit(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (TimeoutError, OSError, ValueError) as error:  # gaierror is an OSError, and what can be no name a ValueError
        raise UnclearError(f"the name {address} cannot be resolved: {error}") from error
    family, _, _, _, target = found[0]
    host = str(target[0])
    return (family, (host, port)) if family is socket.AF_INET else (family, (host, port, 0, 0))


def _is_literal(address: str, kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]) -> bool:
    try:
        kind(address)
    except ValueError:
        return False
    return True


async def _connect(sock: socket.socket, target: tuple[str | int, ...], timeout: float) -> None:
    try:
        async with time_limit(timeout):
            await asyncio.get_running_loop().sock_connect(sock, target)
    except TimeoutError as error:
        raise MissedError(f"no connection within {timeout:g}s") from error


def _resolve_once(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


async def _await_banner(sock: socket.socket, timeout: float) -> None:
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sock, _resolve_once, readable)
    try:
        async with time_limit(timeout):
            await readable
    except TimeoutError as error:
        raise MissedError(f"connected, but no SSH banner within {timeout:g}s") from error
    finally:
        loop.remove_reader(sock)
    if not sock.recv(_PEEK, socket.MSG_PEEK):
        raise MissedError("the connection was closed before an SSH banner came")

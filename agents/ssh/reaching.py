"""Reaching a port from inside a machine, by a direct-tcpip channel of its connection: nothing is needed in the guest.

Rules: a witness that is dying itself says nothing: where no answer comes, it must prove that it is alive, or it was unable.
"""

from __future__ import annotations

import asyncssh
from asyncssh.constants import OPEN_CONNECT_FAILED

from agents.answers import listen_for_answer
from agents.ssh.link import Link
from pcloud.limits import time_limit
from pcloud.model.words import Reach

_REFUSALS = ("refused", "errno 111", "reset by peer")
_TRY_FAILED = ("network is unreachable", "name or service", "resolve", "address family")
"""Words of the witness's own kernel or resolver: it could not try."""
_PROOF = 5.0
"""Seconds for a witness to show that it is alive."""


async def reach(link: Link, address: str, port: int, timeout: float) -> Reach:
    """What the machine behind ``link`` finds at a port. ``timeout`` seconds for the connect and for the answer, each."""
    try:
        async with time_limit(timeout):
            reader, writer = await link.connection.open_connection(address, port, encoding=None)
    except TimeoutError:
        return await _silent_or_unable(link)
    except asyncssh.ChannelOpenError as error:
        return _judge(link, error)
    except (asyncssh.Error, OSError):
        return Reach.UNABLE
    try:
        found = await listen_for_answer(reader, writer, timeout)
    except asyncssh.Error:  # the witness's own connection has ended
        return Reach.UNABLE
    finally:
        writer.channel.abort()
    if link.broken.done():
        return Reach.UNABLE
    return await _silent_or_unable(link) if found is Reach.SILENT else found


async def _silent_or_unable(link: Link) -> Reach:
    return Reach.SILENT if not link.broken.done() and await link.answers(_PROOF) else Reach.UNABLE


def _judge(link: Link, error: asyncssh.ChannelOpenError) -> Reach:
    words = error.reason.lower()
    if link.connection.is_closed() or error.code != OPEN_CONNECT_FAILED:
        return Reach.UNABLE
    if any(word in words for word in _REFUSALS):
        return Reach.REFUSED
    if any(word in words for word in _TRY_FAILED):
        return Reach.UNABLE
    return Reach.SILENT

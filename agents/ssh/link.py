"""One living connection to one machine with its watcher.

Rules: made by ``open_link`` or not at all; it knows when the last line came, and nothing about retrying; whoever opens it closes it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import asyncssh

from agents.ssh.dial import dial
from agents.ssh.faults import GARBLED, MissedError, NotLetInError, UnclearError, fault_of
from agents.ssh.options import LOGIN_TIMEOUT
from agents.ssh.sessions import LineSession
from agents.watcher import reader_command, watcher_program
from agents.watcher.protocol import PING, VERSION, Begun, Foreign, Line, parse
from pcloud.limits import time_limit
from pcloud.model.instance import Instance

_CLOSING = 1.0
"""Seconds for a polite goodbye; after that the socket is simply closed."""


class Link:
    """A connection whose watcher has begun. ``heard`` is the loop's time of the last line; ``broken`` is done when it has ended."""

    def __init__(self, connection: asyncssh.SSHClientConnection, on_line: Callable[[Line], None]) -> None:
        loop = asyncio.get_running_loop()
        self.connection = connection
        self.boot_id = ""
        self.heard = self.spoken = loop.time()
        self.broken: asyncio.Future[str] = loop.create_future()
        self._time = loop.time
        self._on_line = on_line
        self._begun: asyncio.Future[str] = loop.create_future()
        self._foreign = ""
        self._news = asyncio.Event()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    async def begin(self, timeout: float) -> None:
        """Open the watcher's channel, feed it, and wait for its first line."""
        session = LineSession(self._line)
        try:
            async with time_limit(timeout):
                self._channel, _ = await self.connection.create_session(lambda: session, reader_command(), encoding=None)
                self._channel.write(watcher_program())
                await self._first_line(session)
        except TimeoutError as error:
            raise MissedError(f"logged in, but the watcher did not begin within {timeout:g}s") from error
        except asyncssh.ChannelOpenError as error:
            if self.connection.is_closed():
                raise MissedError("the connection broke before the watcher began") from error
            raise UnclearError(f"sshd opens no session: {error.reason}") from error
        except (asyncssh.Error, OSError) as error:
            raise MissedError(f"the connection broke before the watcher began: {error}") from error
        session.ended.add_done_callback(self._watcher_ended)

    async def _first_line(self, session: LineSession) -> None:
        await asyncio.wait({self._begun, session.ended}, return_when=asyncio.FIRST_COMPLETED)
        if self._foreign:
            theirs, ours = f"its watcher speaks version {self._foreign} of the protocol", f"this controller version {VERSION}"
            raise UnclearError(f"{theirs} and {ours}: update the older of the two")
        if not self.boot_id:
            if self.connection.is_closed():
                raise MissedError("the connection broke before the watcher began")
            raise UnclearError(f"the watcher cannot run: {session.ended.result() or 'its shell ended at once'}")

    def _watcher_ended(self, ended: asyncio.Future[str]) -> None:
        if not self.broken.done():
            self.broken.set_result(ended.result() or "the watcher has ended")

    def _line(self, raw: bytes) -> bool:
        if (line := parse(raw)) is None:
            return False
        self.heard = self._time()
        self._news.set()
        if isinstance(line, Begun | Foreign):
            if self._begun.done():
                return True  # what a check prints, perhaps; a watcher begins once
            if isinstance(line, Begun):
                self.boot_id = line.boot_id
            else:
                self._foreign = line.version
            self._begun.set_result("")
        else:
            self._on_line(line)
        return True

    def say(self, words: bytes) -> None:
        """Tell the watcher something; nothing happens on a link that is broken."""
        if self._channel is not None and not self._channel.is_closing():
            self.spoken = self._time()
            self._channel.write(words)

    async def answers(self, timeout: float) -> bool:
        """Ask the watcher, and see whether any line comes within ``timeout`` seconds."""
        self._news.clear()
        self.say(PING)
        try:
            async with time_limit(timeout):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End the connection; the watcher ends with it."""
        self.connection.close()
        try:
            async with asyncio.timeout(_CLOSING):
                await self.connection.wait_closed()
        except TimeoutError:
            pass  # nobody says goodbye on the other side
        finally:
            self.connection.abort()


async def open_link(
    instance: Instance,
    options: asyncssh.SSHClientConnectionOptions,
    timeout: float,
    handshakes: asyncio.Semaphore,
    on_line: Callable[[Line], None],
    on_banner: Callable[[], None],
) -> Link:
    """Connect, log in, begin the watcher. ``timeout`` in seconds is for TCP and for the banner. Raises the faults."""
    sock = await dial(instance.address, instance.port, timeout)
    on_banner()
    try:
        await handshakes.acquire()  # waiting here is our own affair and counts for nothing
    except BaseException:
        sock.close()
        raise
    try:
        connection = await log_in(sock, instance, options)
        link = Link(connection, on_line)
        try:
            await link.begin(LOGIN_TIMEOUT)
        except BaseException:
            connection.abort()
            raise
    finally:
        handshakes.release()
    return link


async def log_in(sock: socket.socket, instance: Instance, options: asyncssh.SSHClientConnectionOptions) -> asyncssh.SSHClientConnection:
    """The logged-in connection; it owns the socket, which is closed if there is none."""
    try:
        async with time_limit(LOGIN_TIMEOUT):
            return await asyncssh.connect(instance.address, instance.port, sock=sock, options=options)
    except TimeoutError as error:
        raise MissedError(f"no login within {LOGIN_TIMEOUT:g}s") from error
    except asyncssh.ConnectionLost as error:
        raise MissedError(f"the connection broke during the login: {error.reason}") from error
    except asyncssh.HostKeyNotVerifiable as error:
        raise UnclearError("the host key is not the one that this machine was given") from error
    except asyncssh.PermissionDenied as error:
        raise NotLetInError(f"authentication refused for user {instance.user}") from error
    except asyncssh.DisconnectError as error:  # somebody alive says no: nothing that a reboot would mend
        raise UnclearError(f"SSH refused: {error.reason}") from error
    except OSError as error:
        raise fault_of(error) from error
    except GARBLED as error:
        raise UnclearError(f"what it sends is no SSH: {error or type(error).__name__}") from error

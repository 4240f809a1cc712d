"""The second channel of a machine with systemd: its bus, by ``systemd-stdio-bridge``, as ``systemctl -H`` does it.

Rules: it makes things known sooner and nothing else: where there is no bridge or no bus, the watcher's own rhythm is all there is, and
nothing is said of it; one channel, opened anew when it ends or when other units are to be heard of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import asyncssh

from agents.bus import BusError, Conversation, UnitNews
from agents.ssh.sessions import BytesSession
from pcloud.limits import time_limit

_BRIDGE = "exec systemd-stdio-bridge"
_NOT_THERE = 127
"""The shell's word for a command that is not installed: not to be tried again on this connection."""
_OPENING = 15.0
"""Seconds for a channel to be opened, as for a login."""
_UNREAD = 1 << 20
"""Bytes of ours that may wait to be read on the other side: ten thousand questions."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
"""Seconds before the next attempt: a bus that restarts is back within a second or two, and one that refuses us needs no hurry."""


class UnitSignals:
    """Hears of units over whichever connection there is; ``on_news`` is called in the loop's thread."""

    def __init__(self, on_news: Callable[[UnitNews], None]) -> None:
        self._on_news = on_news
        self._connection: asyncssh.SSHClientConnection | None = None
        self._units: tuple[str, ...] = ()
        self._changed = asyncio.Event()
        self._crashed: set[str] = set()

    def has_crashed(self, unit: str) -> bool:
        """Whether it ended by itself, and nothing has been told of it since."""
        return unit in self._crashed

    def use(self, connection: asyncssh.SSHClientConnection | None) -> None:
        """Listen over this connection from now on; None where there is none."""
        self._connection = connection
        self._changed.set()

    def watch(self, units: Iterable[str]) -> None:
        """Hear of these units, and no others."""
        wanted = tuple(dict.fromkeys(units))
        if wanted != self._units:
            self._units = wanted
            self._changed.set()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            self._changed.clear()
            async with asyncio.TaskGroup() as group:
                listening = None
                if self._connection is not None and self._units:
                    listening = group.create_task(self._listen(self._connection, self._units), name="listening to the bus")
                await self._changed.wait()
                if listening is not None:
                    listening.cancel()

    async def _listen(self, connection: asyncssh.SSHClientConnection, units: tuple[str, ...]) -> None:
        time = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE
        while True:
            began = time()
            if await self._hear(connection, Conversation(units)) == _NOT_THERE or connection.is_closed():
                return
            pause = _FIRST_PAUSE if time() - began > _LONGEST_PAUSE else min(_LONGEST_PAUSE, pause * 2)
            await asyncio.sleep(pause)

    async def _hear(self, connection: asyncssh.SSHClientConnection, talk: Conversation) -> int | None:
        """One channel from its opening to its end; the exit status of the bridge, where it told one."""
        channel: asyncssh.SSHClientChannel[bytes] | None = None
        broken: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def received(data: bytes) -> None:
            try:
                for news in talk.feed(data):
                    self._take_in(news)
            except BusError as error:
                if not broken.done():
                    broken.set_result(str(error))
            if channel is not None and not channel.is_closing() and (answer := talk.outgoing()):
                if channel.get_write_buffer_size() > _UNREAD and not broken.done():
                    broken.set_result("it asks and does not read the answers")
                channel.write(answer)

        session = BytesSession(received)
        try:
            async with time_limit(_OPENING):
                channel, _ = await connection.create_session(lambda: session, _BRIDGE, encoding=None)
            channel.write(talk.outgoing())
            await asyncio.wait({session.ended, broken}, return_when=asyncio.FIRST_COMPLETED)
        except (asyncssh.Error, OSError, TimeoutError):
            pass  # a connection that breaks is the link's affair, and a channel that is refused is asked for again
        finally:
            self._crashed.clear()  # from now on nobody tells what becomes of them
            if channel is not None:
                channel.abort()
        return session.status

    def _take_in(self, news: UnitNews) -> None:
        if news.crashed:
            self._crashed.add(news.unit)
        else:
            self._crashed.discard(news.unit)
        self._on_news(news)

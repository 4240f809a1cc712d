"""What asyncssh calls when bytes arrive: lines of the watcher, the outcome of an action.

Rules: no awaiting and no stream readers here (they cost more than the line itself); everything that is kept is bounded.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import asyncssh

_LINE_LIMIT = 8192
"""Bytes: twice PIPE_BUF. What is longer is none of ours and is dropped."""
_NOISE_LIMIT = 1 << 20
"""Bytes without a line of ours among them: far more than any rc file or check prints past the watcher."""
_OUTPUT_LIMIT = 4096
"""Bytes: twice what an Outcome holds."""
_STDERR_LIMIT = 300
"""Bytes kept of what a shell that cannot start says about it."""


class _Session(asyncssh.SSHClientSession[bytes]):
    """One channel. ``ended`` is done when it is closed, with the words that came on stderr."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._stderr = b""

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype is None:
            self.received(data)
        else:
            self._stderr = (self._stderr + data)[-_STDERR_LIMIT:]

    def received(self, data: bytes) -> None:
        raise NotImplementedError

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            said = self._stderr.decode("utf-8", "replace").strip().splitlines()
            self.ended.set_result(said[-1] if said else (str(exc) if exc else ""))


class BytesSession(_Session):
    """Calls ``on_bytes`` with whatever comes; ``status`` is the exit status, once it is told."""

    def __init__(self, on_bytes: Callable[[bytes], None]) -> None:
        super().__init__()
        self.status: int | None = None
        self._on_bytes = on_bytes

    def received(self, data: bytes) -> None:
        self._on_bytes(data)

    def exit_status_received(self, status: int) -> None:
        self.status = status


class LineSession(_Session):
    """Calls ``on_line`` with each whole line; one that is too long is dropped to its end, or that would pass for a line of its own.

    ``on_line`` says whether it understood. Where nothing was understood for long, the channel is ended: noise costs us as much as news.
    """

    def __init__(self, on_line: Callable[[bytes], bool]) -> None:
        super().__init__()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._noise = 0
        self._on_line = on_line
        self._rest = b""
        self._dropping = False

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def received(self, data: bytes) -> None:
        self._noise += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines and self._dropping:
            del lines[0]
            self._dropping = False
        if len(self._rest) > _LINE_LIMIT:
            self._rest = b""
            self._dropping = True
        for line in lines:
            if len(line) <= _LINE_LIMIT and self._on_line(line):
                self._noise = 0
        if self._noise > _NOISE_LIMIT and not self.ended.done():
            self.ended.set_result("it prints without end what is none of ours")
            if self._channel is not None:
                self._channel.abort()


class ActionSession(_Session):
    """Takes the status line out of what may precede it, and keeps what follows it."""

    _STATUS = re.compile(rb"\npcloud-status ([0-9]{1,3}|timeout)\n")

    def __init__(self) -> None:
        super().__init__()
        self.status: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._before = b"\n"
        self._output = b""

    def received(self, data: bytes) -> None:
        if self.status.done():
            self._output = (self._output + data)[-_OUTPUT_LIMIT:]
            return
        self._before += data
        found = self._STATUS.search(self._before)
        if found is None:
            self._before = self._before[-_LINE_LIMIT:]
            return
        self.status.set_result(found[1].decode())
        self._output = self._before[found.end() :][-_OUTPUT_LIMIT:]
        self._before = b""

    @property
    def output(self) -> str:
        return self._output.decode("utf-8", "replace")

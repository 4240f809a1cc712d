"""Commands that run on the controller itself: how a static machine is power-cycled.

Rules: a session of its own, which ends whole with the command's time; nothing to read; of what it prints the end is kept, however much
that is. The values of secrets come as environment, never as arguments.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress

from pcloud.errors import PcloudError
from pcloud.limits import time_limit
from pcloud.model.ports import Outcome

OUTPUT = 2000  # characters of its end, as of every Outcome
LAST_WORDS = 1.0  # seconds for the rest of the output once its group has ended: somebody who left the group may hold it open


class _Output:
    """The end of what comes through a pipe. asyncio's own pipes would be waited for by ``Process.wait`` until everybody has closed them."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reading, self._take)
        self._kept = bytearray()
        self.closed = asyncio.Event()

    def _take(self) -> None:
        try:
            chunk = os.read(self._reading, 65536)
        except BlockingIOError:
            return
        if not chunk:
            self._loop.remove_reader(self._reading)
            self.closed.set()
        self._kept += chunk
        del self._kept[: -OUTPUT * 4]  # bytes: no character has more than four

    def close(self) -> None:
        self._loop.remove_reader(self._reading)
        os.close(self._reading)

    @property
    def end(self) -> str:
        return self._kept.decode(errors="replace")[-OUTPUT:].strip()


async def run_here(command: str, environment: Mapping[str, str], timeout: float) -> Outcome:
    """Run ``command`` by ``/bin/sh`` with ``environment`` beside the daemon's own, for ``timeout`` seconds at most. PcloudError."""
    output = _Output()
    try:
        process = await _begin(command, environment, output)
        try:
            async with time_limit(timeout):
                status = await process.wait()
        except TimeoutError:
            return Outcome(None, f"not done after {timeout:g}s", output.end)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await output.closed.wait()
        return Outcome(status, "" if status == 0 else _why(status), output.end)
    finally:
        output.close()


async def _begin(command: str, environment: Mapping[str, str], output: _Output) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_shell(
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output.writing,
            stderr=output.writing,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise PcloudError(f"the command cannot be run here: {error}") from error
    finally:
        os.close(output.writing)


def _why(status: int) -> str:
    if status >= 0:
        return f"ended with {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"

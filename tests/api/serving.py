"""A real API server on a real Unix socket, in a thread with a loop of its own, for tests that are the client."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from fastapi import FastAPI

from agents.answers import reach
from cpe.policy.strays import Known
from cpe.shell.api.app import application
from cpe.shell.api.port import Controller
from cpe.shell.api.server import serve
from cpe.shell.audits import Audits
from cpe.shell.infrastructures.registry import Infrastructures
from cpe.shell.infrastructures.trial import Trials
from pcloud.model.actions import Report
from tests.api.memory_overview import MemoryOverviews

T = TypeVar("T")
LONG = 20.0  # seconds; only a bug reaches it


def eventually(happened: Callable[[], object]) -> None:
    """Wait until it has happened; an AssertionError if it never does."""
    deadline = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def infrastructures(state: Path) -> Infrastructures:
    """The embedded cloud, which is all that is there without a configuration."""
    return Infrastructures({}, controller="memory", state_directory=state)


def api_before(controller: Controller, state: Path) -> FastAPI:
    """The API before a controller, with trials and audits of the embedded cloud; nothing of it can be judged by what is in memory."""
    known = infrastructures(state)

    async def nowhere(_: Report) -> None:
        """There is no journal."""

    audits = Audits(known, lambda: Known("memory", {}), nowhere)
    return application(controller, Trials(known, reach), audits, MemoryOverviews(controller))


class Served:
    """``with Served(controller, path)``: reachable inside, gone without a trace outside."""

    def __init__(self, controller: Controller, path: Path) -> None:
        self.controller = controller
        self.path = path
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="api server")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(LONG)
        if self._error:
            self._thread.join(LONG)
            raise self._error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        self._thread.join(LONG)
        assert not self._thread.is_alive(), "the server does not end"

    def stop(self) -> None:
        """Begin to end, as the daemon does on SIGTERM."""
        if self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    def within(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run something in the server's loop, where the controller lives."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(LONG)

    def do(self, work: Callable[[], None]) -> None:
        async def doing() -> None:
            work()

        self.within(doing)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except asyncio.CancelledError:
                return
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for us, which raises it
                self._error = error
                self._ready.set()

    async def _serve(self) -> None:
        self._task = asyncio.current_task()
        await serve(api_before(self.controller, self.path.parent), self.path, on_ready=self._ready.set)

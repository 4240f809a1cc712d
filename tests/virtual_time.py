"""An event loop whose clock jumps instead of waiting: a simulated week takes seconds.

Rules: for code that waits by the loop's clock only; whoever has real sockets or processes, or threads that wait, marks the test ``real``.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class JumpingSelector(selectors.SelectSelector):
    """Moves the clock by the timeout that the loop asks for, instead of blocking."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing is scheduled and nothing is ready: this test would wait for ever")
        if not ready and timeout is not None and timeout > 0:
            self.now += timeout
        return ready


class AtOnce(ThreadPoolExecutor):
    """Calls what it is given instead of handing it to a thread, in whose work no virtual time could pass."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            done.set_exception(error)
        return done


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector event loop on virtual time, starting at 0."""

    def __init__(self) -> None:
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)
        self.set_default_executor(AtOnce(1))

    def time(self) -> float:
        return self.jumping.now

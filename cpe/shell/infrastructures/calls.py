"""Blocking calls of a libcloud driver, made from the event loop: a bounded pool of threads with a timeout.

Rules: each thread has a driver of its own, since drivers share one connection and one answer; a call that never began when its time ran out
has changed nothing, one that began is ambiguous; its late answer is logged.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from cpe.shell.infrastructures.failures import CLOUD_ERRORS, translated
from cpe.shell.infrastructures.tally import Tally
from pcloud.errors import AmbiguousError, InfrastructureError
from pcloud.limits import time_limit

T = TypeVar("T")

THREADS = 8
"""Calls under way at one infrastructure: more than the five recoveries that may be in flight there (policy.md section 5)."""

WAITING = 200
"""Calls that may wait for a thread; with more, the cloud is so slow that an error now is better than an answer much later."""

TIMEOUT = 60.0
"""Seconds for a call, its wait for a thread included; a driver's own socket timeout must be below."""

_log = logging.getLogger(__name__)


class Calls:
    """Makes calls with drivers that ``make_driver`` makes, in threads. ``name`` begins every error."""

    def __init__(self, name: str, make_driver: Callable[[], Any], *, timeout: float = TIMEOUT, threads: int = THREADS) -> None:
        self._name = name
        self._make_driver = make_driver
        self._timeout = timeout
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"pcloud-{name}")
        self._room = threading.Semaphore(threads + WAITING)
        self._own = threading.local()
        self.tally = Tally()

    async def __call__(self, doing: str, call: Callable[[Any], T]) -> T:
        """What ``call`` makes of a driver. Raises our errors for the cloud's; ``doing`` says in them what was tried, its verb first."""
        with self.tally.counting(doing):
            return await self._made(doing, call)

    async def _made(self, doing: str, call: Callable[[Any], T]) -> T:
        sentence = f"{self._name}: {doing}"
        if not self._room.acquire(blocking=False):
            raise InfrastructureError(f"{sentence}: {WAITING} calls are waiting already")
        future = self._pool.submit(self._in_thread, call)
        future.add_done_callback(lambda _: self._room.release())
        try:
            async with time_limit(self._timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if future.cancel():
                raise InfrastructureError(f"{sentence}: not begun within {self._timeout:g} s, the cloud is too slow") from error
            future.add_done_callback(lambda late: _log_late(sentence, late))
            raise AmbiguousError(f"{sentence}: no answer within {self._timeout:g} s") from error
        except CLOUD_ERRORS as error:
            raise translated(error, sentence) from error

    def close(self) -> None:
        """Let calls under way end by themselves; those that wait are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _in_thread(self, call: Callable[[Any], T]) -> T:
        if not hasattr(self._own, "driver"):
            self._own.driver = self._make_driver()
        return call(self._own.driver)


def _log_late(sentence: str, late: Future[Any]) -> None:
    error = late.exception()
    _log.warning("a late answer of an infrastructure", extra={"call": sentence, "error": "" if error is None else str(error)})

"""Blocking calls of a libcloud driver, made from the event loop: a bounded pool of threads with a timeout.

Rules: each thread has a driver of its own, since drivers share one connection and one answer; a call that never began when its time ran out
has changed nothing, one that began is ambiguous; its late answer is logged. A cloud that asks to be left alone (429 or 503, Retry-After) is
left alone by all calls for so long; what it did not take (429), and a question, which changes nothing, is put again a few times.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from cpe.shell.infrastructures.failures import CLOUD_ERRORS, busy, not_taken, retry_after, translated
from cpe.shell.infrastructures.tally import Tally
from pcloud.errors import AmbiguousError, HardInfrastructureError, InfrastructureError
from pcloud.limits import time_limit

T = TypeVar("T")

THREADS = 8
"""Calls under way at one infrastructure: more than the five recoveries that may be in flight there (policy.md section 5)."""

WAITING = 200
"""Calls that may wait for a thread; with more, the cloud is so slow that an error now is better than an answer much later."""

TIMEOUT = 60.0
"""Seconds for a call, its wait for a thread included; a driver's own socket timeout must be below."""

TRIES = 3
"""For a call that a busy cloud has not taken; then the one who called decides what becomes of it."""

PAUSE = 1.0
"""Seconds before the second try where the cloud does not say how long, twice as many before the third."""

LONGEST = 300.0
"""Seconds for which one answer has us leave a cloud alone: with more, a slip of its own would blind us."""

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
        self._not_before = 0.0  # the loop's time
        self.tally = Tally()

    async def __call__(self, doing: str, call: Callable[[Any], T], *, question: bool = False) -> T:
        """What ``call`` makes of a driver. Raises our errors for the cloud's; ``doing`` says in them what was tried, its verb first.

        ``question``: it changes nothing, so that it may be put again after an answer that leaves open whether it was heard.
        """
        with self.tally.counting(doing):
            return await self._put(doing, call, question=question)

    async def _put(self, doing: str, call: Callable[[Any], T], *, question: bool) -> T:
        """Make the call, and again where the cloud is busy."""
        sentence, clock = f"{self._name}: {doing}", asyncio.get_running_loop().time
        deadline, tried = clock() + self._timeout, 1
        while True:
            await self._left_alone(sentence, deadline)
            try:
                return await self._made(sentence, call, deadline - clock())
            except NotImplementedError as error:
                raise HardInfrastructureError(f"{sentence}: the driver cannot do it") from error
            except CLOUD_ERRORS as error:
                pause = self._heeded(error, tried)
                may = busy(error) if question else not_taken(error)
                if not may or tried == TRIES or clock() + pause >= deadline:
                    raise translated(error, sentence) from error
                _log.info("a busy infrastructure is asked again", extra={"call": sentence, "error": str(error), "after": pause})
            await asyncio.sleep(pause)
            tried += 1

    async def _left_alone(self, sentence: str, deadline: float) -> None:
        """Wait as long as the cloud has asked for. InfrastructureError where that is longer than this call has."""
        now = asyncio.get_running_loop().time()
        if self._not_before > deadline:
            raise InfrastructureError(f"{sentence}: not asked, the cloud wants to be left alone for another {self._not_before - now:.0f} s")
        if self._not_before > now:
            await asyncio.sleep(self._not_before - now)

    def _heeded(self, error: BaseException, tried: int) -> float:
        """Seconds until a call may be made again; what the cloud asks for goes for all of them."""
        asked = retry_after(error)
        if asked is None:
            return float(PAUSE * 2 ** (tried - 1))
        pause = min(asked, LONGEST)
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + pause)
        return pause

    async def _made(self, sentence: str, call: Callable[[Any], T], timeout: float) -> T:
        """The call in a thread, once. Raises the cloud's errors as they are, and ours for those of time."""
        if not self._room.acquire(blocking=False):
            raise InfrastructureError(f"{sentence}: {WAITING} calls are waiting already")
        future = self._pool.submit(self._in_thread, call)
        future.add_done_callback(lambda _: self._room.release())
        try:
            async with time_limit(timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if future.done() and not future.cancelled():
                raise  # the cloud's own
            if future.cancel():
                raise InfrastructureError(f"{sentence}: not begun within {self._timeout:g} s, the cloud is too slow") from error
            future.add_done_callback(lambda late: _log_late(sentence, late))
            raise AmbiguousError(f"{sentence}: no answer within {self._timeout:g} s") from error

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

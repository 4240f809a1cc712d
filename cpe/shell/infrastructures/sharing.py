"""One answer for all who ask at about the same time, so that a thousand deployables do not list the same cloud a thousand times.

Rules: whoever asks gets an answer to a question that was put after he asked, never an older one: he may be looking for what was made
just now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedQuestion(Generic[T]):
    """Puts ``ask`` once at a time. ``name`` names its tasks."""

    def __init__(self, name: str, ask: Callable[[], Awaitable[T]]) -> None:
        self._name = name
        self._ask = ask
        self._under_way: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """The answer to the next question; raises what ``ask`` raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._put(), name=self._name)
            self._next.add_done_callback(_retrieve)
        return await asyncio.shield(self._next)

    async def _put(self) -> T:
        if self._under_way is not None:
            await asyncio.wait([self._under_way])
        self._under_way, self._next = self._next, None  # too late to join from here on
        return await self._ask()


def _retrieve(task: asyncio.Task[T]) -> None:
    """Those who asked may all have been cancelled; the error is then nobody's, and no bug."""
    if not task.cancelled():
        task.exception()

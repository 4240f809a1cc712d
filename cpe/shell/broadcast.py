"""Hands every durable event to everybody who listens; who is too slow is cut off, and resumes from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pcloud.records.event import EventRecord

BACKLOG = 1000  # events that a reader may lag behind: seconds of a storm, some hundred KB

Subscription = asyncio.Queue[EventRecord | None]


class Broadcast:
    """The listeners. None is the last thing that one gets."""

    def __init__(self) -> None:
        self._queues: list[Subscription] = []

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._queues)

    @property
    def longest(self) -> int:
        """Events that the slowest of them has not taken yet."""
        return max((queue.qsize() for queue in self._queues), default=0)

    @contextmanager
    def subscription(self) -> Iterator[Subscription]:
        """A queue that gets every event from now on."""
        queue: Subscription = asyncio.Queue(BACKLOG)
        self._queues.append(queue)
        try:
            yield queue
        finally:
            if queue in self._queues:
                self._queues.remove(queue)

    def send(self, events: Sequence[EventRecord]) -> None:
        """Give events to all."""
        for queue in list(self._queues):
            for event in events:
                if queue.qsize() >= BACKLOG - 1:
                    self._cut_off(queue)
                    break
                queue.put_nowait(event)

    def close(self) -> None:
        """Cut everybody off."""
        for queue in list(self._queues):
            self._cut_off(queue)

    def _cut_off(self, queue: Subscription) -> None:
        self._queues.remove(queue)
        queue.put_nowait(None)

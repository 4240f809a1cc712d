"""What a DPE has been told and has not decided upon yet, in the order in which it came.

Rules: bounded. Probes and operators' words have a part of the room only: a probe's result that finds none is lost, and everything is
probed again once there is room; a word is refused, and whoever says it hears that. What comes once only (what became of an action, that
contact was made, a guard's answer) has all of the room. Where even that is full the DPE ends with QueueFull, and its keeper starts it
anew: what it was told since its last record is what a restart finds out anyway.
"""

from __future__ import annotations

import asyncio

from dpe.shell.facts import Fact
from pcloud.errors import RefusedError
from pcloud.model.events import OperatorSaid, ProbeReported

ROOM = 2000
"""Facts: some hundred probes' worth for a large deployable, reached only while the loop or the store stands still; a megabyte at most."""

REPEATABLE = 1500
"""Facts that leave no room for what can be said again. The rest is five times what a hundred assemblies have to say at once."""


class Inbox:
    """``posted`` counts the facts that came in, ``taken_in`` those that were decided upon. ``lossy``: a probe's result was lost."""

    def __init__(self) -> None:
        self.posted = self.taken_in = 0
        self.lossy = False
        self._facts: asyncio.Queue[Fact] = asyncio.Queue(ROOM)
        self._settled = asyncio.Event()  # set and replaced whenever something was taken in

    def __len__(self) -> int:
        return self._facts.qsize()

    def post(self, fact: Fact) -> None:
        """Take it, or lose it if it is a probe's. RefusedError for an operator's word that finds no room, QueueFull for anything else."""
        if len(self) >= REPEATABLE:
            if issubclass(fact.kind, ProbeReported):
                self.lossy = True
                return
            if issubclass(fact.kind, OperatorSaid):
                raise RefusedError(
                    f"{len(self)} facts wait to be decided upon already", "say it again in a minute; the daemon's log says more"
                )
        self._facts.put_nowait(fact)
        self.posted += 1

    async def first(self, patience: float | None) -> Fact | None:
        """The first fact; None if none comes within so many seconds."""
        try:
            async with asyncio.timeout(patience):
                return await self._facts.get()
        except TimeoutError:
            return None

    def rest(self) -> list[Fact]:
        """All that waits."""
        return [self._facts.get_nowait() for _ in range(len(self))]

    def decided(self, facts: int) -> None:
        """So many of those that were handed out are decided upon, and durable."""
        self.taken_in += facts
        self.wake()

    def wake(self) -> None:
        """Have those look who wait for a state."""
        self._settled.set()
        self._settled = asyncio.Event()

    async def moved(self) -> None:
        """Wait until something was taken in."""
        await self._settled.wait()

    async def all_taken_in(self) -> None:
        """Return when all that was posted until now is decided upon and durable."""
        target = self.posted
        while self.taken_in < target:
            await self.moved()

"""What a DPE has been told and has not decided upon yet: bounded, and dated when it is handed over.

Rules:
- Probes and operators' words have a part of the room only: a probe's result that finds none is lost, and everything is probed again once
  there is room; a word is refused, and whoever says it hears that. What comes once only (what became of an action, that contact was made, a
  guard's answer) has all of the room. Where even that is full the DPE ends with QueueFull, and its keeper starts it anew: what it was told
  since its last record is what a restart finds out anyway.
- What came in while nobody looked is dated before that, and then the policy is told of it: no deadline is judged by such time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from dpe.shell.clock import Clock
from dpe.shell.facts import Fact
from dpe.shell.stalls import Stall, StallWatch, bearable
from pcloud.errors import RefusedError
from pcloud.model.events import ControllerStalled, Event, OperatorSaid, ProbeReported, Ticked
from pcloud.model.plan import DeployablePlan

ROOM = 2000
"""Facts: some hundred probes' worth for a large deployable, reached only while the loop or the store stands still; a megabyte at most."""

REPEATABLE = 1500
"""Facts that leave no room for what can be said again. The rest is five times what a hundred assemblies have to say at once."""

SETTLING = 5  # turns of the loop after a stall: what waits in sockets and threads becomes facts within two or three


class Inbox:
    """Facts that wait. ``plan`` gives the one in effect, ``veil`` hides secrets. ``posted`` counts all that ever came in."""

    def __init__(self, plan: Callable[[], DeployablePlan], clock: Clock, stalls: StallWatch, veil: Callable[[Fact], Fact]) -> None:
        self.posted = 0
        self._plan = plan
        self._clock = clock
        self._stalls = stalls
        self._veil = veil
        self._queue: asyncio.Queue[Fact] = asyncio.Queue(ROOM)
        self._overflowed = False
        self._handed_over = clock.now()  # the moment of the last event
        self._stall: Stall | None = None  # the policy does not know of it yet

    def __len__(self) -> int:
        return self._queue.qsize()

    @property
    def handed_over(self) -> int:
        """How many of those posted do not wait here any more."""
        return self.posted - self._queue.qsize()

    def post(self, fact: Fact) -> None:
        """Take it, or lose it if it is a probe's. RefusedError for an operator's word that finds no room, QueueFull for anything else."""
        if len(self) >= REPEATABLE:
            if issubclass(fact.kind, ProbeReported):
                self._overflowed = True
                return
            if issubclass(fact.kind, OperatorSaid):
                raise RefusedError(
                    f"{len(self)} facts wait to be decided upon already", "say it again in a minute; the daemon's log says more"
                )
        self._queue.put_nowait(self._veil(fact))
        self.posted += 1

    def offer(self, fact: Fact) -> bool:
        """Take what will be said again, if there is room for such; whether it was taken."""
        if len(self) >= REPEATABLE:
            return False
        self.post(fact)
        return True

    def overflowed(self) -> bool:
        """Whether a probe's result was lost since this was asked last."""
        lost, self._overflowed = self._overflowed, False
        return lost

    async def next(self, wake_at: float | None) -> list[Event]:
        """All that has come in by now; a Ticked when the time that the policy asked for comes first."""
        patience = None if wake_at is None else max(0.0, wake_at - self._clock.now())
        try:
            async with asyncio.timeout(patience):
                first = await self._queue.get()
        except TimeoutError:
            first = Fact(Ticked)
        self._stalls.look()  # before anything is dated
        for _ in range(SETTLING if self._stall is not None else 0):
            await asyncio.sleep(0)
        return self.dated([first, *self.waiting()])

    async def arrived(self) -> list[Fact]:
        """What has come in, without a date, as soon as there is anything. Nothing is lost where this is cancelled."""
        return [await self._queue.get(), *self.waiting()]

    def waiting(self) -> list[Fact]:
        """What has come in, without a date; it does not wait here any more."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    def dated(self, made: Sequence[Fact]) -> list[Event]:
        """The facts as events of this moment; of the one before a stall, if there was one, with the stall behind them."""
        at, wall = self._clock.now(), self._clock.wall()
        stall, self._stall = self._stall, None
        before, self._handed_over = self._handed_over, at
        if stall is None:
            return [fact.happened(at, wall) for fact in made]
        then = max(before, self._clock.at(stall.before.loop))
        events = [fact.happened(then, stall.before.wall) for fact in made]
        return [*events, ControllerStalled(at=at, wall=wall, seconds=stall.seconds)]

    def stalled(self, stall: Stall) -> None:
        """Nobody looked for a while."""
        self._clock.skip(stall.before.loop, stall.suspended)
        if stall.seconds <= bearable(self._plan()):
            return
        self._stall = stall if self._stall is None else self._stall.and_then(stall)
        if self._queue.empty():
            self.post(Fact(Ticked))  # it need not wait for a fact to be told

"""Decides upon facts, and gives out what follows only when it is durable.

Rules:
- While the journal cannot be written (a full disk), nothing comes of anything: the state goes back to the last durable one, and the facts
  wait in memory. Watching goes on; what is seen is decided upon for those who look at the state, and forgotten again.
- What waits is bounded: of what was seen of one thing the last counts. Answers to what was begun before are kept, each of them.
- Words of operators do not wait: who said them is told that they were not taken in. The guards' do not either: a permit holds for seconds,
  and is asked for again.
- When there is room again it is as after a stall (policy.md section 5): what waited is taken in first, then every deadline starts again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from dpe.shell.clock import Clock
from dpe.shell.deciding import Decider
from dpe.shell.facts import Fact
from dpe.shell.inbox import Inbox
from dpe.shell.stalls import Moment, Stall, now
from pcloud.errors import UnwritableError
from pcloud.model.actions import Order, Report
from pcloud.model.events import (
    ContactBlurred,
    ContactLost,
    ContactMade,
    ControllerStalled,
    Event,
    OperatorSaid,
    OutsideDoubted,
    PermitGranted,
    PermitHeld,
    ProbeReported,
    SettingsChanged,
    Ticked,
)
from pcloud.model.ports import Journal
from pcloud.model.state import DeployableState

log = logging.getLogger(__name__)

VOID = (OperatorSaid, PermitGranted, PermitHeld, Ticked)
CONTACTS = (ContactMade, ContactLost, ContactBlurred)


class Recorder:
    """Decides with ``decider``; ``wake`` is called when the state that is shown has changed, or words are refused.

    ``stuck`` says why nothing can be recorded; "" while all is well. ``refused`` counts how often words were refused, ``recorded`` the
    facts of the inbox that are decided upon and durable.
    """

    def __init__(self, decider: Decider, inbox: Inbox, clock: Clock, journal: Journal, wake: Callable[[], None]) -> None:
        self.stuck = ""
        self.refused = 0
        self.recorded = 0
        self._decider = decider
        self._inbox = inbox
        self._clock = clock
        self._journal = journal
        self._wake = wake
        self._outlasted = False
        self._seen: DeployableState | None = None  # what would be, if it could be recorded

    @property
    def state(self) -> DeployableState:
        """How it stands, as far as is known."""
        return self._seen if self._seen is not None else self._decider.state

    async def settle(self, events: Sequence[Event]) -> list[Order]:
        """What follows from these events, and from those that come in until it is durable. StoreError where that cannot be told."""
        began, backlog, stood_still = now(), Backlog(), 0.0
        while True:
            taken = self._inbox.handed_over
            before = self._decider.memory()
            orders = self._decider.decide(events)
            try:
                await self._record([order for order in orders if isinstance(order, Report)])
            except UnwritableError as error:
                self._decider.go_back(before)
                if not backlog.facts:
                    log.warning("nothing can be recorded", extra={"deployable": self._decider.state.name, "reason": str(error)})
                backlog.add(Fact.undated(event) for event in events if not isinstance(event, ControllerStalled))
                stood_still += sum(event.seconds for event in events if isinstance(event, ControllerStalled))
                self.stuck = str(error)
                self._look(backlog)
                await self._outlast(backlog)
                events = self._after(began, stood_still, backlog)
                continue
            self._outlasted = bool(self.stuck)
            self.stuck, self._seen, self.recorded = "", None, taken
            return orders

    def outlasted(self) -> bool:
        """Whether the journal could not be written before the last facts were settled."""
        return self._outlasted

    async def _outlast(self, backlog: Backlog) -> None:
        """Return when it is worth trying again; until then take in what comes."""
        room = asyncio.create_task(self._journal.writable(), name="room in the journal")
        coming = asyncio.create_task(self._inbox.arrived(), name="facts that wait")
        try:
            while not room.done():
                await asyncio.wait({room, coming}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    backlog.add(coming.result())
                    self._look(backlog)
                    coming = asyncio.create_task(self._inbox.arrived(), name="facts that wait")
            room.result()
        finally:
            room.cancel()
            coming.cancel()
            await asyncio.wait({room, coming})
            if not coming.cancelled() and coming.exception() is None:  # it had them just then
                backlog.add(coming.result())

    def _look(self, backlog: Backlog) -> None:
        """Show what would be; nothing comes of it, nor of the words that came with it."""
        before = self._decider.memory()
        at, wall = self._clock.now(), self._clock.wall()
        self._decider.decide([fact.happened(at, wall) for fact in backlog.facts])
        self._seen = self._decider.state
        self._decider.go_back(before)
        self.refused += 1
        self._wake()

    def _after(self, began: Moment, stood_still: float, backlog: Backlog) -> list[Event]:
        """What waited, with the time that it waited, and a stall that came with it, as a stall behind it."""
        self._inbox.stalled(Stall(began, now().loop - began.loop + stood_still))
        backlog.add(self._inbox.waiting())
        return self._inbox.dated(list(backlog.facts))

    async def _record(self, reports: list[Report]) -> None:
        """Make the state durable with the facts that it came from, if there are any; a pass that changes nothing writes nothing."""
        facts = self._decider.unrecorded()
        if facts or reports:
            at, wall = self._clock.now(), self._clock.wall()
            await self._journal.record(self._decider.state, at=at, wall=wall, reports=reports, facts=facts)


class Backlog:
    """Facts that wait for the journal, in order: of what is seen of one thing only the last."""

    def __init__(self) -> None:
        self._facts: dict[object, Fact] = {}

    @property
    def facts(self) -> list[Fact]:
        """What is to be taken in."""
        return list(self._facts.values())

    def add(self, facts: Iterable[Fact]) -> None:
        """Keep them, but for words of operators and guards, and that time has passed."""
        for fact in facts:
            if issubclass(fact.kind, VOID) or (fact.kind is SettingsChanged and fact.fields["spec"]):
                continue
            place = _place(fact)
            self._facts.pop(place, None)  # it is as new as its last word
            self._facts[place] = fact


def _place(fact: Fact) -> object:
    """What a fact is about, where the last word counts; itself, where each does."""
    fields = fact.fields
    if issubclass(fact.kind, ProbeReported):
        return ProbeReported, fields["assembly"], fields["resource"], fields["generation"], fields.get("probe", "")
    if issubclass(fact.kind, CONTACTS):
        return CONTACTS, fields["assembly"], fields["generation"]
    if fact.kind is OutsideDoubted:
        return OutsideDoubted
    return repr(fact)  # the same once more says nothing new

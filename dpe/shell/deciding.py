"""Deciding upon facts: runs the policy over them, checks what it does, and keeps what the journal must hold.

Rules: every step is checked against the invariants (policy.md section 9) before anything comes of it. One that would break them is not
taken: from then on nothing is decided about the deployable, and nothing is begun, until its engine is started anew; the others do not
notice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from dpe.policy.invariants import broken
from dpe.policy.step import step
from pcloud.model.actions import AskAnchors, AskPeers, Order, ProbeAgain, Question, ReadInstance, Report
from pcloud.model.events import Event
from pcloud.model.facts import JournalFact, Taken
from pcloud.model.state import DeployableState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """What a Decider knew at one moment."""

    state: DeployableState
    halted: str
    unrecorded: tuple[JournalFact, ...]


class Decider:
    """The state of one deployable, and what became of it. ``halted`` says why nothing is decided any more; "" while all is well."""

    def __init__(self, state: DeployableState, beginning: JournalFact) -> None:
        self.state = state
        self.halted = ""
        self._unrecorded: list[JournalFact] = [beginning]

    def decide(self, events: Sequence[Event]) -> list[Order]:
        """What follows from these events, without questions that stand there twice."""
        orders: list[Order] = []
        for event in events:
            if not self.halted:
                orders.extend(self._take(event))
        return distinct(orders)

    def _take(self, event: Event) -> Sequence[Order]:
        after, orders, _ = step(self.state, event)
        faults = broken(self.state, after, orders, event.at)
        if faults:
            return [self._halt(event, faults)]
        if after is not self.state or orders:
            self._unrecorded.append(Taken(event, orders))
        self.state = after
        return orders

    def _halt(self, event: Event, faults: Sequence[str]) -> Report:
        """The step is not taken: it is a bug of the policy, and whatever it would do is worse than nothing."""
        self.halted = f"an invariant would be broken: {'; '.join(faults)}"
        log.critical("invariant broken", extra={"deployable": self.state.name, "event": repr(event), "faults": list(faults)})
        return Report("halted", reason=f"{self.halted}; nothing is decided any more until pcloud retry {self.state.name}", alert=True)

    def memory(self) -> Memory:
        """All that it knows."""
        return Memory(self.state, self.halted, tuple(self._unrecorded))

    def go_back(self, memory: Memory) -> None:
        """Know no more than that: what was decided since has not been recorded, and nothing came of it."""
        self.state, self.halted, self._unrecorded = memory.state, memory.halted, list(memory.unrecorded)

    def unrecorded(self) -> list[JournalFact]:
        """What the journal does not hold yet; it is handed over once."""
        facts, self._unrecorded = self._unrecorded, []
        return facts


def distinct(orders: Sequence[Order]) -> list[Order]:
    """The orders without questions that stand there twice: several facts of one batch may have asked the same.

    Permits are left as they are: asked for, given back and asked for again is not the same as asked for.
    """
    seen: set[Question] = set()
    kept: list[Order] = []
    for order in orders:
        if isinstance(order, ReadInstance | AskPeers | AskAnchors | ProbeAgain):
            if order in seen:
                continue
            seen.add(order)
        kept.append(order)
    return kept

"""Which action of now a recorded answer is for.

Rules: an answer of then is given to that action of now which was ordered upon the same fact, for the same target, of the same kind; to no
other. Ids count up over a deployable, so that after the first difference they stand for other actions than they did.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from pcloud.model.events import Event
from pcloud.records.fact import DECISION, OrderRecord

ANSWERS = ("action", "permit")
"""The fields of events that name what they answer."""

Key = tuple[str, str, str]


def key_of(order: OrderRecord) -> Key:
    """What makes two orders upon one fact the same: kind, assembly, resource."""
    return order.kind, order.assembly, order.resource


class Answers:
    """Ids of then, and those of now that they stand for. What has no id of then here was ordered before the facts began."""

    def __init__(self) -> None:
        self._now: dict[str, str | None] = {}

    def pair(self, then: Iterable[OrderRecord], now: Sequence[OrderRecord]) -> None:
        """What was ordered upon one fact, then and now."""
        free: dict[Key, deque[str]] = {}
        for order in now:
            free.setdefault(key_of(order), deque()).append(order.id)
        for order in then:
            ids = free.get(key_of(order))
            self._now[order.id] = ids.popleft() if ids else None

    def translated(self, event: Event) -> Event | None:
        """The event with the ids of now; None for an answer to what was not ordered now."""
        named = [each.name for each in fields(event) if each.name in ANSWERS]
        changes: dict[str, Any] = {}
        for name in named:
            then = getattr(event, name)
            now = self._now.get(then, then)
            if now is None:
                return None
            changes[name] = now
        return replace(event, **changes) if changes else event


def other_actions(then: Iterable[OrderRecord], now: Iterable[OrderRecord]) -> dict[str, str]:
    """The assemblies for which not the same was ordered upon one fact, and in words what."""
    before, after = (Counter(key_of(order) for order in orders if order.kind != DECISION) for orders in (then, now))
    only_then, only_now = before - after, after - before
    found = {assembly: f"{kind} was ordered {_at(assembly, resource)}then and not now" for kind, assembly, resource in only_then}
    return {assembly: f"{kind} is ordered {_at(assembly, resource)}now and was not then" for kind, assembly, resource in only_now} | found


def _at(assembly: str, resource: str) -> str:
    return f"at {assembly}/{resource} " if resource else ""

"""Counts of what happened since the daemon started, from the events as they become durable."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from pcloud.model.words import Choice
from pcloud.records.event import EventRecord
from pcloud.records.explanation import closed_by

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, which Prometheus has no use for in its text format

BUCKETS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds: a restart takes a few, a relaunch minutes, and what takes an hour was held."""

UNDER_WAY = 10_000
"""Recoveries whose beginning is remembered: as many as there may be machines; of more, the oldest are not timed."""


class Happenings:
    """Listens to the events of the store."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter("pcloud_events", "Events of the journal, by their kind.", ["kind"], registry=registry)
        self._decisions = Counter(
            "pcloud_decisions", "Decisions, by what was chosen and the action that it is about.", ["choice", "action"], registry=registry
        )
        self._durations = Histogram(
            "pcloud_recovery_seconds",
            "From the decision to act to the end of its recovery, by the action.",
            ["action"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._begun: OrderedDict[tuple[str, str], tuple[datetime, str]] = OrderedDict()

    def hear(self, events: Sequence[EventRecord]) -> None:
        """Count them."""
        for event in events:
            self._events.labels(event.kind).inc()
            if event.record is not None:
                self._decided(event)

    def _decided(self, event: EventRecord) -> None:
        record = event.record
        if record is None:
            return
        action = str(record.action or "none")
        self._decisions.labels(str(record.choice), action).inc()
        ended = closed_by(event)
        if record.choice is Choice.ACT:
            self._begun[event.deployable, record.id] = (event.at, action)
            if len(self._begun) > UNDER_WAY:
                self._begun.popitem(last=False)
        elif ended and (began := self._begun.pop((event.deployable, ended), None)) is not None:
            self._durations.labels(began[1]).observe(max(0.0, (event.at - began[0]).total_seconds()))

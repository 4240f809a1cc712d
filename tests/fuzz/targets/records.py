"""What the store holds as JSON, by this version or another, whole or damaged: states, reports, events, facts.

Oracle: StoreError alone; what is read is all of what was written, so that writing it again gives the same document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pcloud.errors import StoreError
from pcloud.model.actions import POLICY_VERSION, Decision, Report
from pcloud.model.events import ContactMade, SettingsChanged, Ticked
from pcloud.model.facts import StateLoaded, StateMade, Taken
from pcloud.model.words import Choice, Rung
from pcloud.records.fact import dump_fields, fact_of, fact_record
from pcloud.records.migrating import difference
from pcloud.records.serialising import dump_report, dump_state, load_report, load_state
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, as_json
from tests.fuzz.target import Target
from tests.simulation.plans import plan_of
from tests.store.states import state

STATE = json.loads(dump_state(state()))
DECISION = Decision("d-1", Choice.ACT, "3.2", Rung.RESTART, Rung.RESTART, 1, 3, 600.0)
REPORT = json.loads(dump_report(Report("x", "web", "apache", "healthy", "failed", "it is gone", "d-1", record=DECISION)))
FACTS = tuple(
    (kind, json.loads(text))
    for kind, text in map(
        dump_fields,
        (
            Taken(Ticked(at=1.0, wall=2.0), ()),
            Taken(ContactMade(at=1.0, wall=2.0, assembly="web", generation=1, boot_id="b"), ()),
            Taken(SettingsChanged(at=1.0, wall=2.0, plan=plan_of("wordpress")), ()),
            StateMade(at=1.0, wall=2.0, policy=POLICY_VERSION, seed=3, jitter=0.25),
            StateLoaded(at=1.0, wall=2.0, policy=POLICY_VERSION, state=dump_state(state())),
        ),
    )
)


def run(data: bytes) -> None:
    feed = Feed(data)
    feed.pick(READERS)(feed)


def _state(feed: Feed) -> None:
    version = feed.pick((POLICY_VERSION, POLICY_VERSION, 1, 0, -1, POLICY_VERSION + 1, 2**70))
    text = as_json(STATE, feed)
    with suppress(StoreError):
        loaded = load_state(text, version)
        assert loaded.version == POLICY_VERSION
        assert version != POLICY_VERSION or _same(json.loads(text), json.loads(dump_state(loaded)))


def _report(feed: Feed) -> None:
    text = as_json(REPORT, feed)
    with suppress(StoreError):
        loaded = load_report(text)
        assert load_report(dump_report(loaded)) == loaded or "NaN" in text


def _fact(feed: Feed) -> None:
    kind, fields = feed.pick(FACTS)
    kind = feed.pick((kind, kind, kind, "", "Ticked", "Event", "StateMade", "__class__"))
    wall = feed.pick((1.0, 1.0, 1e300, -1e300, float("nan"), float("inf")))
    ordered = feed.pick(("", "", "[]", '[{"kind":"x","id":"y"}]', "[", "{}", "[" * 9000))
    text = as_json(fields, feed)
    with suppress(StoreError):
        record = fact_record(1, wall, "shop", kind, text, ordered)
        told = fact_of(record)
        again, written = dump_fields(Taken(told, ()) if not isinstance(told, StateMade | StateLoaded) else told)
        assert again == record.kind
        assert fact_of(fact_record(1, wall, "shop", again, written, ordered)) == told or "NaN" in written
        assert record.clock == told.at or "NaN" in written


def _same(one: Any, other: Any) -> bool:
    return not difference(one, other) or "nan" in repr(one)


READERS: tuple[Callable[[Feed], None], ...] = (_state, _report, _fact)
RECORDS = Target("records", run, seeds=(b"", b"\1\0", b"\2\0", b"\0\0\1\0"), bounds=Bounds(calls=2_000_000))

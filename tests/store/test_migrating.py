"""A state that an older policy wrote is read as what it meant; one of a newer policy is not read at all.

``data/state-1-first.json`` and ``state-1-last.json`` were written by the first and the last policy that called itself version 1: five
machines after 22 s of one's silence, with every kind of open intent in them that a recovery has.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dpe.policy.step import step
from pcloud.errors import StoreError
from pcloud.model.actions import POLICY_VERSION, DiscardInstance, LaunchInstance, RebootAssembly, RestartResource
from pcloud.model.events import ControllerResumed, SettingsChanged
from pcloud.model.state import DeployableState, Pause, Retired
from pcloud.model.words import Stage
from pcloud.records.migrating import MIGRATIONS, difference, migrated
from pcloud.records.serialising import dump_state, load_state
from tests.policy.plans import assembly, deployable, resource
from tests.store.states import state

DATA = Path(__file__).parent / "data"
FIRST, LAST = (DATA / f"state-1-{which}.json" for which in ("first", "last"))
BOTH = pytest.mark.parametrize("file", [FIRST, LAST], ids=["first", "last"])

SHOP = deployable(
    assembly("db", resource("mysqld", port=3306), volumes=True),
    assembly("queue", resource("rabbit", port=5672)),
    assembly("cache", resource("redis", port=6379)),
    assembly("app", resource("php", port=9000), resource("cron"), configure="#!/bin/sh", parameters=(("DB", "${db.address}"),)),
    assembly("web", resource("apache", port=8080), resource("site", url="http://${web.address}/", agent=False, restarts="apache")),
    name="shop",
)


def loaded(file: Path) -> DeployableState:
    return load_state(file.read_text(), 1)


def lost(before: Any, after: Any, place: str = "") -> list[str]:
    """Every value of a document that is not in the other at the same place."""
    if isinstance(before, dict):
        return [each for key, value in before.items() for each in lost(value, (after or {}).get(key), f"{place}/{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [each for number, pair in enumerate(zip(before, after, strict=True)) for each in lost(*pair, f"{place}/{number}")]
    return [] if before == after else [place]


@BOTH
def test_all_that_a_state_of_version_1_says_is_said_still(file: Path) -> None:
    written = json.loads(file.read_text())
    changed = [f"/state/assemblies/{name}/retired{which}" for name, which in (("db", "/0"), ("queue", ""), ("cache", ""))]
    assert lost(written, json.loads(dump_state(loaded(file)))) == [*changed, "/state/version"]
    assert loaded(file).version == POLICY_VERSION


@BOTH
def test_open_intents_windows_silence_and_retired_instances_of_version_1_are_kept(file: Path) -> None:
    found = loaded(file)
    db, queue, cache, app, web = (found.assemblies[name] for name in ("db", "queue", "cache", "app", "web"))
    assert (type(db.action), db.stage, db.generation, db.instance) == (LaunchInstance, Stage.LAUNCHING, 2, None)
    assert (type(queue.discard), type(cache.action), type(cache.discard)) == (DiscardInstance, RebootAssembly, DiscardInstance)
    assert isinstance(app.resources["cron"].action, RestartResource)
    assert app.resources["php"].failures == (100.0, 140.0)
    assert [each.instance_id for each in db.retired] == ["db-1"]
    assert web.silence is not None
    assert {reading.peer for reading in web.silence.peers} == {"queue", "cache", "app"}


@BOTH
def test_retired_instances_of_version_1_get_a_moment_and_the_one_being_deleted_is_among_them(file: Path) -> None:
    found = loaded(file)
    db, queue, cache = (found.assemblies[name] for name in ("db", "queue", "cache"))
    assert db.retired == (Retired("db-1", "lab", at=db.since),)
    assert queue.retired == (Retired("queue-1", "lab", at=queue.since), Retired("queue-2", "lab", at=queue.since))
    assert cache.retired == (Retired("cache-1", "lab", at=cache.since),)


def test_what_the_first_policy_did_not_know_was_not_so() -> None:
    found = loaded(FIRST)
    assert (found.pauses, found.recovery, found.to_fence, found.outcome, found.stalls) == ((), None, (), None, ())
    assert (found.observing, [each.still for each in found.assemblies.values()]) == ("", [False] * 5)
    recovery = found.assemblies["app"].resources["cron"].recovery
    assert recovery is not None
    assert (recovery.manual, recovery.observed, recovery.permit, recovery.guards, recovery.held_since) == (False, False, "", (), None)


def test_what_the_last_policy_of_version_1_knew_is_kept() -> None:
    found = loaded(LAST)
    assert found.pauses == (Pause("queue", "ann", "new disks", until=found.pauses[0].until, until_wall=found.pauses[0].until_wall),)
    assert (len(found.stalls), bool(found.doubted)) == (1, True)
    assert found.assemblies["app"].stopping_at is not None


@BOTH
def test_a_controller_goes_on_from_a_state_of_version_1(file: Path) -> None:
    planned, _, _ = step(loaded(file), SettingsChanged(at=175.0, wall=175.0, plan=SHOP))
    after, orders, wake_at = step(planned, ControllerResumed(at=175.0, wall=175.0))
    again = {type(order).__name__ for order in orders}
    assert {"LaunchInstance", "RebootAssembly", "RestartResource", "DiscardInstance"} <= again
    assert wake_at is not None
    assert load_state(dump_state(after), POLICY_VERSION) == replace(after, plan=None, target=None)


@BOTH
def test_a_state_of_version_2_has_one_life_and_no_adopted_machine(file: Path) -> None:
    written = json.loads(dump_state(loaded(file)))
    del written["state"]["life"]
    for each in written["state"]["assemblies"].values():
        del each["adopted"]
    written["state"]["version"] = 2
    assert load_state(json.dumps(written), 2) == loaded(file)
    assert loaded(file).life == 0
    assert not any(each.adopted for each in loaded(file).assemblies.values())


@BOTH
def test_a_migration_leaves_the_document_that_it_was_given_as_it_was(file: Path) -> None:
    document = json.loads(file.read_text())
    migrated(document, 1)
    assert document == json.loads(file.read_text())


def test_every_version_has_a_way_to_this_one() -> None:
    assert sorted(MIGRATIONS) == list(range(1, POLICY_VERSION))


def test_a_state_of_a_newer_policy_is_refused_and_both_versions_are_named() -> None:
    with pytest.raises(StoreError, match=rf"newer policy \(version {POLICY_VERSION + 1}; this one is {POLICY_VERSION}\)"):
        load_state(dump_state(state()), POLICY_VERSION + 1)


@pytest.mark.parametrize("version", [-1, 0, 1])
def test_a_state_that_was_stored_under_a_version_that_it_is_not_of_is_refused(version: int) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        load_state(dump_state(state()).replace('"denied"', '"no_such_thing"'), version)


@pytest.mark.parametrize("cut", range(0, 15000, 1500))
def test_a_damaged_state_of_version_1_is_refused(cut: int) -> None:
    text = FIRST.read_text()[:cut]
    with pytest.raises(StoreError, match="cannot be read"):
        load_state(text if cut < len(FIRST.read_text()) else f"{text}{{", 1)


def test_what_version_1_never_wrote_is_refused() -> None:
    text = FIRST.read_text().replace('"gone_at"', '"gone_away_at"')
    with pytest.raises(StoreError, match=r"assemblies\.db\.gone_a\w+ is (missing|not known)"):
        load_state(text, 1)


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2.0}]}, ""),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "a.1.b is not what it should be"),
        ({"a": 1}, {}, "a is not known"),
        ({}, {"a": 1}, "a is missing"),
        ([1], [1, 2], " is not what it should be"),
        ({"a": True}, {"a": 1}, "a is not what it should be"),
    ],
)
def test_a_difference_is_named_by_its_place(one: object, other: object, where: str) -> None:
    assert difference(one, other) == where


def test_what_version_2_kept_is_kept_without_its_generation() -> None:
    written = json.loads((DATA / "state-2.json").read_text())
    found = load_state((DATA / "state-2.json").read_text(), 2)
    assert lost(written, json.loads(dump_state(found))) == ["/state/version"]
    assert found.version == POLICY_VERSION
    assert found.assemblies["db"].retired == (Retired("db-2", "lab", at=60.0, generation=0, twin=False),)
    assert [type(each).__name__ for each in (found.assemblies["db"].twin, found.assemblies["web"].action)] == ["StopTwin", "LaunchInstance"]

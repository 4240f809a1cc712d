"""Decisions are found with all that came of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.store.sqlite import SqliteStore
from pcloud.model.actions import Decision, Report
from pcloud.model.words import Choice, Rung
from pcloud.records.explanation import Explanation

pytestmark = pytest.mark.real

MYSQLD = ("mysql", "mysqld")


def decided(number: int, place: tuple[str, ...] = MYSQLD, choice: Choice = Choice.ACT, evidence: str = "not running") -> Report:
    name = f"shop.{number}"
    record = Decision(name, choice, "section 3.2", Rung.RESTART, Rung.RESTART, 1, 3, 600.0, (evidence,), "restart again")
    return Report("decided", *place, reason=evidence, decision=name, record=record)


def changed(decision: str = "", place: tuple[str, ...] = MYSQLD, after: str = "recovering") -> Report:
    return Report("changed", *place, after=after, decision=decision)


async def explained(tmp_path: Path, reports: list[Report], target: str = "shop", last: int = 100) -> list[Explanation]:
    async with SqliteStore(tmp_path) as store:
        for number, report in enumerate(reports):
            await store.report("shop", report, wall=1_700_000_000.0 + number)
        return await store.explanations(target=target, last=last)


def seqs(explanation: Explanation) -> tuple[int, list[int], int | None]:
    return explanation.decision.seq, [event.seq for event in explanation.events], explanation.next.seq if explanation.next else None


async def test_all_later_events_that_carry_its_id_are_its_story_and_so_is_the_decision_that_ends_it(tmp_path: Path) -> None:
    reports = [
        decided(1),
        changed("shop.1"),
        changed("shop.2"),
        changed(place=("mysql",)),
        decided(3, choice=Choice.RECOVERED, evidence="shop.1"),
        decided(4),
    ]
    first, second = await explained(tmp_path, reports)
    assert seqs(first) == (1, [2, 5], None)
    assert first.ended is not None
    assert first.ended.seq == 5
    assert (seqs(second), second.ended) == ((6, [], None), None)


async def test_one_that_did_not_end_well_names_the_next_about_the_same_thing_or_its_assembly(tmp_path: Path) -> None:
    reports = [decided(1), decided(2, ("web", "php")), decided(3, ("mysql", "other")), decided(4, ("mysql",)), decided(5)]
    told = await explained(tmp_path, reports, "shop/mysql")
    assert [seqs(each) for each in told] == [(1, [], 4), (3, [], 4), (4, [], None), (5, [], None)]


async def test_a_decision_that_came_in_between_is_named_although_it_ended_well(tmp_path: Path) -> None:
    held = decided(2, choice=Choice.HOLD)
    (first, _) = await explained(tmp_path, [decided(1), held, decided(3, choice=Choice.RECOVERED, evidence="shop.1")])
    assert seqs(first) == (1, [3], 2)


async def test_a_guard_s_hold_is_a_part_of_the_recovery_that_it_holds_and_can_be_told_itself(tmp_path: Path) -> None:
    held = decided(2, choice=Choice.HOLD)
    reports = [
        decided(1),
        replace(held, decision="shop.1"),
        replace(changed("shop.1"), kind="released"),
        replace(changed("shop.1"), kind="granted"),
        replace(decided(3, choice=Choice.RECOVERED, evidence="shop.1"), decision="shop.1"),
    ]
    first, second = await explained(tmp_path, reports)
    assert (seqs(first), seqs(second)) == ((1, [2, 3, 4, 5], None), (2, [3, 4, 5], None))
    assert first.ended == second.ended
    assert first.granted is not None
    assert first.granted.seq == 4


async def test_a_start_has_ended_well_when_the_same_target_is_healthy(tmp_path: Path) -> None:
    reports = [decided(1, ("mysql",)), changed("shop.1", after="healthy"), changed("shop.1", ("mysql",), after="healthy")]
    (told,) = await explained(tmp_path, reports)
    assert told.ended is not None
    assert told.ended.seq == 3


async def test_one_that_ends_no_other_decision_is_told_itself(tmp_path: Path) -> None:
    (told,) = await explained(tmp_path, [decided(1, choice=Choice.RECOVERED, evidence="recovered by itself")])
    assert seqs(told) == (1, [], None)


async def test_a_deployable_that_was_made_anew_does_not_inherit_the_stories_of_the_old_one(tmp_path: Path) -> None:
    first, second = await explained(tmp_path, [decided(1), changed("shop.1"), decided(1), changed("shop.1"), changed("shop.1")])
    assert (seqs(first), seqs(second)) == ((1, [2], 3), (3, [4, 5], None))


async def test_the_last_ones_are_told_in_order_and_only_those_of_the_target(tmp_path: Path) -> None:
    reports = [decided(1), decided(2, ("web",)), decided(3, ("web", "php")), changed()]
    assert [each.decision.seq for each in await explained(tmp_path, reports, last=2)] == [2, 3]
    async with SqliteStore(tmp_path) as store:
        for target, expected in (("shop/web", [3]), ("shop/mysql/mysqld", [1]), ("shop/web/php/more", []), ("", [3]), ("sho", [])):
            assert [each.decision.seq for each in await store.explanations(target=target, last=1)] == expected


async def test_an_alert_carries_the_decision_and_is_none(tmp_path: Path) -> None:
    raised = decided(1, choice=Choice.BLOCK)
    async with SqliteStore(tmp_path) as store:
        await store.report("shop", Report("decided", *MYSQLD, reason="r", decision="shop.1", record=raised.record, alert=True), wall=1.0)
        (told,) = await store.explanations(target="shop", last=10)
    assert [event.kind for event in told.events] == ["alert"]

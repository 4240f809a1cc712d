"""Storms and small groups, per infrastructure and zone (policy.md section 5)."""

from __future__ import annotations

import pytest

from cpe.policy.limits import most_unhealthy
from cpe.policy.words import Notices
from pcloud.model.words import Guard, Rung
from tests.guards.scene import Scene


@pytest.mark.parametrize(("assemblies", "most"), [(5, 2), (7, 2), (8, 3), (10, 4), (10_000, 4_000), (9_999, 3_999)])
def test_the_threshold_is_the_floor_of_two_fifths_in_whole_numbers(assemblies: int, most: int) -> None:
    assert most_unhealthy(assemblies) == most


def test_up_to_two_fifths_unhealthy_are_recovered() -> None:
    scene = Scene()
    first, second, *_ = scene.many(5)
    scene.ail(first, second)
    assert scene.ask(first) is None
    assert scene.verdict(first, Guard.STORM).numbers == "2 of 5 unhealthy, at most 2"
    assert not scene.notices()


def test_more_than_two_fifths_unhealthy_from_any_cause_are_a_storm() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names[:3])
    assert scene.ask(names[0]) is Guard.STORM
    assert scene.answer(names[0]).guards[-1].numbers == "3 of 5 unhealthy, at most 2"
    [notice] = scene.notices()
    assert (notice.kind, notice.infrastructure, notice.zone, notice.guard) == (Notices.STORM, "cloud", "z", Guard.STORM)
    assert notice.numbers == "3 of 5 unhealthy, at most 2"
    assert not notice.alert


def test_what_is_heard_of_first_after_a_start_is_no_storm_of_all_that_will_be() -> None:
    scene = Scene()
    with scene.gathering():
        names = scene.many(5)
        scene.ail(*names)
        scene.ask_early(names[0])
        scene.add(*(f"e{number}" for number in range(10)))
        assert scene.log == []
    assert not scene.notices()
    assert scene.answer(names[0]).granted


def test_who_asked_while_others_were_taken_up_hears_of_the_storm_that_it_is() -> None:
    scene = Scene()
    with scene.gathering():
        names = scene.many(6)
        scene.ail(*names[:3])
        scene.ask_early(names[0])
        scene.ask_early(names[1])
        scene.give_back(names[1])
    assert [each.numbers for each in scene.notices()] == ["3 of 6 unhealthy, at most 2"]
    assert scene.answer(names[0]).guards[-1].guard is Guard.STORM
    assert names[1] not in scene.last


def test_the_way_out_is_judged_when_all_are_heard_of() -> None:
    scene = Scene()
    with scene.gathering():
        names = scene.many(5)
        for name in names:
            scene.change(name, outside=True, outside_failing=True)
        assert scene.log == []
    assert [each.kind for each in scene.notices() if each.guard is None] == [Notices.OUTSIDE_DOUBTED]


def test_all_verdicts_go_with_an_answer_and_the_one_that_holds_is_the_last() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names)
    scene.ask(names[0], Rung.RELAUNCH)
    guards = scene.answer(names[0]).guards
    assert [each.guard for each in guards] == [
        Guard.DEPLOYABLE_CAP,
        Guard.ALL_SILENT,
        Guard.UNVERIFIED,
        Guard.INFRASTRUCTURE_CAP,
        Guard.RELAUNCH_RATE,
        Guard.STORM,
    ]
    assert [each.passed for each in guards] == [True] * 5 + [False]
    assert [each.numbers for each in guards] == [
        "0 in flight, at most 1",
        "0 of 5 silent while the cloud calls them ACTIVE",
        "0 in a row not verified, at most 2",
        "0 in flight, at most 5",
        "0 relaunched within a minute, at most 6",
        "5 of 5 unhealthy, at most 2",
    ]


def test_a_storm_is_released_after_two_minutes_below_the_threshold() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names[:3])
    scene.ask(names[0])
    scene.heal(names[2])
    scene.advance(119)
    assert scene.ask(names[0]) is Guard.STORM
    assert scene.answer(names[0]).guards[-1].numbers == "2 of 5 unhealthy, at most 2, for 119s of 120s"
    scene.advance(1)
    assert scene.held(names[0]) is None
    assert [each.kind for each in scene.notices()] == [Notices.STORM, Notices.STORM_OVER]


def test_a_storm_that_comes_back_within_two_minutes_begins_its_calm_anew() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names[:3])
    scene.ask(names[0])
    scene.heal(names[2])
    scene.advance(100)
    scene.ail(names[2])
    scene.heal(names[2])
    scene.advance(119)
    assert scene.held(names[0]) is Guard.STORM
    scene.advance(1)
    assert scene.held(names[0]) is None
    assert [each.kind for each in scene.notices()] == [Notices.STORM, Notices.STORM_OVER]


def test_a_storm_in_one_zone_holds_nothing_in_another_nor_on_another_infrastructure() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.add("v0", "v1", "v2", "v3", "v4", zone="y")
    scene.add("w0", "w1", "w2", "w3", "w4", infrastructure="other")
    scene.ail(*names[:3], "v0", "w0")
    assert scene.ask(names[0]) is Guard.STORM
    assert scene.ask("v0") is None
    assert scene.ask("w0") is None


def test_restarts_pass_a_storm() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names)
    assert scene.ask(names[0], Rung.RESTART) is None
    assert [each.guard for each in scene.answer(names[0]).guards] == [Guard.RESTART_CAP]


def test_what_the_cloud_has_condemned_passes_a_storm() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names)
    assert scene.ask(names[0], condemned=True) is None
    assert scene.verdict(names[0], Guard.STORM).passed
    assert scene.verdict(names[0], Guard.STORM).numbers == "5 of 5 unhealthy, at most 2; exempt: the cloud itself declares it dead"


def test_a_held_request_that_the_cloud_condemns_is_granted_when_it_is_asked_again() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names)
    assert scene.ask(names[0]) is Guard.STORM
    assert scene.ask(names[0], condemned=True) is None


def test_a_storm_of_five_minutes_is_an_alert_once() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names)
    scene.advance(299)
    assert not any(each.alert for each in scene.notices())
    scene.advance(3600)
    [alert] = [each for each in scene.notices() if each.alert]
    assert (alert.kind, alert.numbers) == (Notices.STORM, "5 of 5 unhealthy, at most 2; for 300s now")


def test_groups_below_five_are_recovered_one_after_the_other() -> None:
    scene = Scene()
    names = scene.many(4)
    scene.ail(*names)
    assert scene.ask(names[0]) is None
    assert scene.ask(names[1]) is Guard.SERIAL
    assert scene.answer(names[1]).guards[-1].numbers == "1 in flight in a group of 4, one after the other"
    scene.begin(names[0])
    scene.advance(300)
    assert scene.held(names[1]) is Guard.SERIAL
    scene.end(names[0], verified=True)
    assert scene.held(names[1]) is None


def test_who_needs_the_turn_of_two_small_zones_gets_both_before_those_who_came_later() -> None:
    scene = Scene()
    scene.add("z0", "z1")
    scene.add("y0", "y1", zone="y")
    scene.add("both", machines="ab")
    scene.change("both", "b", zone="y")
    scene.ask("z0")
    scene.begin("z0")
    assert scene.ask("both", Rung.RELAUNCH_DEPLOYABLE) is Guard.SERIAL
    assert scene.ask("y0") is Guard.SERIAL
    assert scene.answer("y0").guards[-1].numbers == "0 in flight in a group of 3, one after the other; an older request waits for its turn"
    assert scene.ask("y1", condemned=True) is None
    scene.begin("y1")
    scene.end("z0", verified=True)
    assert scene.ask("z1") is Guard.SERIAL
    scene.end("y1", verified=True)
    assert scene.held("both") is None
    scene.begin("both", Rung.RELAUNCH_DEPLOYABLE, only="ab")
    scene.end("both", verified=True)
    assert scene.held("y0") is None
    assert scene.held("z1") is None


def test_a_recovery_that_does_not_verify_lets_the_next_of_a_small_group_begin() -> None:
    scene = Scene()
    names = scene.many(4)
    scene.ask(names[0])
    scene.begin(names[0])
    assert scene.ask(names[1]) is Guard.SERIAL
    scene.end(names[0], verified=False)
    assert scene.held(names[1]) is None


def test_what_the_cloud_has_condemned_does_not_wait_for_its_turn() -> None:
    scene = Scene()
    names = scene.many(4)
    scene.ask(names[0])
    assert scene.ask(names[1], condemned=True) is None


def test_a_group_that_grows_to_five_is_serialised_no_more() -> None:
    scene = Scene()
    names = scene.many(4)
    scene.ask(names[0])
    assert scene.ask(names[1]) is Guard.SERIAL
    scene.add("fifth")
    assert scene.held(names[1]) is None


def test_a_deployable_that_leaves_counts_no_more() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names[:3])
    scene.ask(names[0])
    scene.leave(names[1])
    scene.leave(names[2])
    scene.advance(120)
    assert scene.held(names[0]) is None
    for name in (names[0], names[3], names[4]):
        scene.leave(name)
    scene.advance(60)
    assert not scene.state.groups


def test_a_storm_of_which_nobody_is_left_is_over_at_once() -> None:
    scene = Scene()
    names = scene.many(5)
    scene.ail(*names)
    for name in names:
        scene.leave(name)
    assert [each.kind for each in scene.notices()] == [Notices.STORM, Notices.STORM_OVER]

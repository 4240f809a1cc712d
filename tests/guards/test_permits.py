"""Permits: they hold for ten seconds and one action, and the oldest who waits gets one first (policy.md sections 5 and 8)."""

from __future__ import annotations

from pcloud.model.words import Guard, Rung
from tests.guards.scene import Scene


def busy() -> Scene:
    """Twenty deployables, five of which have a permit that they have not used yet."""
    scene = Scene()
    scene.many(20)
    for index in range(5):
        scene.ask(f"d{index}")
    return scene


def test_a_permit_that_is_not_used_within_ten_seconds_is_over() -> None:
    scene = busy()
    assert scene.ask("d5") is Guard.INFRASTRUCTURE_CAP
    scene.advance(9.9)
    assert scene.held("d5") is Guard.INFRASTRUCTURE_CAP
    scene.advance(0.1)
    assert scene.held("d5") is None


def test_a_permit_in_use_holds_until_the_standing_shows_it_no_more() -> None:
    scene = busy()
    scene.ask("d5")
    for index in range(5):
        scene.begin(f"d{index}")
    scene.advance(1000)
    assert scene.held("d5") is Guard.INFRASTRUCTURE_CAP
    scene.end("d0", verified=False)
    assert scene.held("d5") is None


def test_a_standing_from_before_the_grant_does_not_end_a_permit() -> None:
    scene = busy()
    scene.ask("d5")
    scene.ail("d0")
    assert scene.held("d5") is Guard.INFRASTRUCTURE_CAP


def test_a_permit_that_is_given_back_is_free_at_once() -> None:
    scene = busy()
    scene.ask("d5")
    scene.give_back("d2")
    assert scene.held("d5") is None


def test_a_request_that_is_given_back_is_never_answered() -> None:
    scene = busy()
    scene.ask("d5")
    scene.ask("d6")
    scene.give_back("d5")
    scene.give_back("d0")
    scene.give_back("d0")
    assert len(scene.answers("d5")) == 1
    assert scene.held("d6") is None


def test_giving_back_a_permit_that_is_in_use_frees_nothing() -> None:
    scene = busy()
    scene.begin("d0")
    scene.give_back("d0")
    assert scene.ask("d5") is Guard.INFRASTRUCTURE_CAP


def test_the_oldest_request_goes_first() -> None:
    scene = busy()
    for name in ("d9", "d7", "d8"):
        scene.ask(name)
    scene.give_back("d0")
    assert [scene.held(name) for name in ("d9", "d7", "d8")] == [None, Guard.INFRASTRUCTURE_CAP, Guard.INFRASTRUCTURE_CAP]
    scene.give_back("d1")
    assert [scene.held(name) for name in ("d7", "d8")] == [None, Guard.INFRASTRUCTURE_CAP]


def test_asked_again_under_the_same_id_it_is_answered_again() -> None:
    scene = busy()
    scene.ask("d0")
    assert scene.answers("d0")[0] == scene.answers("d0")[1]
    scene.ask("d5")
    scene.ask("d5")
    assert scene.answers("d5")[0] == scene.answers("d5")[1]
    assert scene.verdict("d5", Guard.INFRASTRUCTURE_CAP).numbers == "5 in flight, at most 5"


def test_asked_again_a_permit_holds_no_longer_and_a_request_keeps_its_place() -> None:
    scene = busy()
    scene.ask("d5")
    scene.ask("d6")
    scene.advance(9)
    for index in range(1, 5):
        scene.begin(f"d{index}")
    scene.ask("d0")
    scene.ask("d5")
    scene.advance(1)
    assert scene.held("d5") is None
    assert scene.held("d6") is Guard.INFRASTRUCTURE_CAP


def test_asked_again_while_in_use_it_is_granted_still() -> None:
    scene = busy()
    scene.begin("d0")
    scene.advance(60)
    assert scene.ask("d0") is None
    assert scene.ask("d5") is None


def test_an_id_under_which_something_else_is_asked_is_judged_anew() -> None:
    scene = busy()
    assert scene.ask("d5") is Guard.INFRASTRUCTURE_CAP
    assert scene.ask("d0", Rung.RELAUNCH) is Guard.INFRASTRUCTURE_CAP
    assert scene.held("d5") is None


def test_a_permit_is_good_for_one_recovery() -> None:
    scene = busy()
    scene.ask("d5")
    scene.begin("d0")
    scene.end("d0", verified=False)
    assert scene.ask("d0") is Guard.INFRASTRUCTURE_CAP


def test_a_held_request_hears_of_another_guard_and_not_of_numbers_alone() -> None:
    scene = busy()
    scene.ask("d5")
    assert len(scene.answers("d5")) == 1
    scene.give_back("d0")
    scene.ask("d6")
    names = [f"d{index}" for index in range(6, 16)]
    scene.ail(*names)
    assert [each.guards[-1].guard for each in scene.answers("d6")] == [Guard.INFRASTRUCTURE_CAP, Guard.STORM]
    scene.heal(*names[:5])
    scene.advance(120)
    assert scene.held("d6") is None


def test_who_attends_anew_has_asked_for_nothing_yet() -> None:
    scene = busy()
    scene.begin("d1")
    scene.ask("d5")
    scene.ask("d6")
    scene.attend("d5")
    scene.attend("d0")
    assert len(scene.answers("d5")) == 1
    assert scene.held("d6") is None
    scene.attend("d1")
    assert scene.ask("d7") is Guard.INFRASTRUCTURE_CAP


def test_after_a_restart_of_the_controller_what_is_in_flight_counts() -> None:
    before = busy()
    for index in range(5):
        before.begin(f"d{index}", Rung.RELAUNCH)
    scene = Scene()
    for standing in before.standings.values():
        scene.stand(standing)
    assert scene.ask("d5") is Guard.INFRASTRUCTURE_CAP
    scene.end("d0", verified=True)
    scene.end("d1", verified=True)
    assert scene.held("d5") is None
    assert scene.ask("d6", Rung.RELAUNCH) is None
    scene.end("d2", verified=True)
    assert scene.ask("d7", Rung.RELAUNCH) is Guard.RELAUNCH_RATE


def test_what_a_deployable_that_leaves_had_is_free_again() -> None:
    scene = busy()
    scene.begin("d0")
    scene.ask("d5")
    scene.ask("d6")
    scene.leave("d5")
    scene.leave("d0")
    assert scene.held("d6") is None
    assert len(scene.answers("d5")) == 1


def test_a_permit_that_is_used_elsewhere_than_it_was_asked_for_counts_in_both_places() -> None:
    scene = busy()
    scene.add("mover")
    for index in range(5):
        scene.give_back(f"d{index}")
    scene.ask("mover", Rung.RELOCATE)
    scene.change("mover", infrastructure="other", rung=Rung.RELOCATE, permit="mover")
    scene.advance(20)
    for index in range(4):
        assert scene.ask(f"d{index}") is None
    assert scene.ask("d4") is Guard.INFRASTRUCTURE_CAP
    scene.end("mover", verified=True)
    assert scene.held("d4") is None

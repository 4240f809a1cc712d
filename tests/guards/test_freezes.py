"""Freezes: all silent while the cloud calls them ACTIVE, and recoveries that do not verify (policy.md section 5)."""

from __future__ import annotations

from cpe.policy.words import Notices
from pcloud.model.guards import Standing
from pcloud.model.words import Guard, Rung
from tests.guards.scene import SICK, Scene


def frozen() -> Scene:
    """Ten deployables, of which the last recoveries of d0, d1 and d2 did not verify."""
    scene = Scene()
    scene.many(10)
    for name in ("d0", "d1", "d2"):
        scene.recover(name, verified=False)
    return scene


def test_all_of_two_or_more_silent_while_active_are_a_freeze() -> None:
    scene = Scene()
    scene.add("one", "two")
    scene.ail("one", **SICK)
    assert not scene.notices()
    scene.ail("two", **SICK)
    assert scene.ask("one") is Guard.ALL_SILENT
    assert scene.answer("one").guards[-1].numbers == "2 of 2 silent while the cloud calls them ACTIVE"
    [notice] = scene.notices()
    assert (notice.kind, notice.guard, notice.zone) == (Notices.FROZEN, Guard.ALL_SILENT, "z")


def test_one_alone_is_no_freeze_nor_are_those_whom_the_cloud_calls_otherwise() -> None:
    scene = Scene()
    scene.add("lonely", zone="y")
    scene.ail("lonely", **SICK)
    scene.add("one", "two")
    scene.ail("one", **SICK)
    scene.ail("two", unhealthy=True, silent=True, active=False)
    assert scene.ask("lonely") is None
    assert scene.ask("two") is None


def test_the_freeze_is_released_two_minutes_after_one_of_them_is_seen_otherwise() -> None:
    scene = Scene()
    scene.add("one", "two")
    scene.ail("one", "two", **SICK)
    scene.ask("one")
    scene.heal("two")
    scene.advance(119)
    assert scene.held("one") is Guard.ALL_SILENT
    scene.advance(1)
    assert scene.held("one") is None
    assert [each.kind for each in scene.notices()] == [Notices.FROZEN, Notices.RELEASED]


def test_in_a_freeze_of_the_silent_restarts_and_the_condemned_pass() -> None:
    scene = Scene()
    scene.add("one", "two")
    scene.ail("one", "two", **SICK)
    assert scene.ask("one", Rung.RESTART, permit="restart") is None
    assert scene.ask("two", condemned=True) is None


def test_when_the_last_recoveries_of_three_deployables_did_not_verify_the_infrastructure_is_frozen() -> None:
    scene = frozen()
    [notice] = scene.notices()
    assert (notice.kind, notice.guard, notice.infrastructure, notice.zone) == (Notices.FROZEN, Guard.UNVERIFIED, "cloud", "")
    assert notice.numbers == "the last recoveries of d0, d1, d2 did not verify"


def test_three_of_the_same_deployable_are_one() -> None:
    scene = Scene()
    scene.many(5)
    for _ in range(3):
        scene.recover("d0", verified=False)
    scene.recover("d1", verified=False)
    assert not scene.notices()


def test_one_that_verifies_between_them_begins_the_row_anew() -> None:
    scene = Scene()
    scene.many(10)
    for name, verified in (("d0", False), ("d1", False), ("d2", True), ("d3", False), ("d4", False)):
        scene.recover(name, verified=verified)
    assert not scene.notices()
    scene.recover("d5", verified=False)
    assert scene.notices(Notices.FROZEN)


def test_in_that_freeze_one_is_tried_alone() -> None:
    scene = frozen()
    assert scene.ask("d3") is None
    assert scene.verdict("d3", Guard.UNVERIFIED).numbers == "the last recoveries of d0, d1, d2 did not verify; this is tried alone"
    assert scene.ask("d4") is Guard.UNVERIFIED
    assert scene.answer("d4").guards[-1].numbers == "the last recoveries of d0, d1, d2 did not verify, and 1 in flight"


def test_the_trial_releases_the_freeze_once_it_verifies() -> None:
    scene = frozen()
    scene.ask("d3")
    scene.ask("d4")
    scene.ask("d5")
    scene.begin("d3")
    scene.advance(60)
    assert scene.held("d4") is Guard.UNVERIFIED
    scene.end("d3", verified=True)
    assert scene.held("d4") is None
    assert scene.held("d5") is None
    assert scene.notices(Notices.RELEASED)[0].numbers == "d3 was tried alone and verified"


def test_a_trial_that_does_not_verify_is_followed_by_another_after_two_minutes() -> None:
    scene = frozen()
    scene.ask("d3")
    scene.ask("d4")
    scene.begin("d3")
    scene.end("d3", verified=False)
    assert scene.held("d4") is Guard.UNVERIFIED
    scene.advance(119)
    assert scene.held("d4") is Guard.UNVERIFIED
    assert scene.ask("d4") is Guard.UNVERIFIED
    assert scene.answer("d4").guards[-1].numbers.endswith("; the next is tried in 1s")
    scene.advance(1)
    assert scene.held("d4") is None
    assert not scene.notices(Notices.RELEASED)


def test_a_trial_that_nobody_used_is_followed_by_another_at_once() -> None:
    scene = frozen()
    scene.ask("d3")
    scene.ask("d4")
    scene.advance(10)
    assert scene.held("d4") is None
    scene.ask("d5")
    scene.give_back("d4")
    assert scene.held("d5") is None


def test_one_by_hand_that_is_alone_releases_it_as_well() -> None:
    scene = frozen()
    scene.by_hand("d7")
    scene.end("d7", verified=True)
    assert scene.notices(Notices.RELEASED)


def test_one_that_was_not_alone_releases_nothing() -> None:
    scene = frozen()
    scene.ask("d3")
    scene.begin("d3")
    assert scene.ask("d4", condemned=True) is None
    scene.begin("d4")
    scene.end("d4", verified=True)
    assert not scene.notices(Notices.RELEASED)
    scene.end("d3", verified=True)
    assert scene.notices(Notices.RELEASED)


def test_what_did_not_verify_before_the_release_is_not_held_against_what_comes_after() -> None:
    scene = frozen()
    scene.recover("d3", verified=True)
    scene.recover("d3", verified=False)
    scene.recover("d4", verified=False)
    assert len(scene.notices(Notices.FROZEN)) == 1
    scene.recover("d5", verified=False)
    assert len(scene.notices(Notices.FROZEN)) == 2


def test_another_infrastructure_is_not_frozen() -> None:
    scene = frozen()
    scene.add("far", "off", infrastructure="other")
    scene.ask("d3")
    assert scene.ask("far") is None


def test_recoveries_that_did_not_verify_are_known_again_after_a_restart_of_the_controller() -> None:
    before = frozen()
    scene = Scene()
    for standing in before.standings.values():
        scene.stand(standing)
    assert scene.notices(Notices.FROZEN)
    assert scene.ask("d3") is None
    assert scene.ask("d4") is Guard.UNVERIFIED


def test_a_recovery_that_verified_before_a_restart_of_the_controller_is_no_news() -> None:
    scene = Scene()
    scene.many(5)
    for index in range(2):
        scene.recover(f"d{index}", verified=False)
    scene.add("new")
    scene.leave("new")
    scene.stand(Standing("new", scene.standings["d4"].assemblies, ("new.7", True)))
    scene.recover("d2", verified=False)
    assert scene.notices(Notices.FROZEN)


def test_a_freeze_of_five_minutes_is_an_alert_once() -> None:
    scene = frozen()
    scene.advance(3600)
    [alert] = [each for each in scene.notices() if each.alert]
    assert alert.numbers == "the last recoveries of d0, d1, d2 did not verify; for 300s now"

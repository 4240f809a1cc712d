"""Checks from the controller that fail at once in many places: it is our own way out (policy.md section 5)."""

from __future__ import annotations

from cpe.policy.words import Notices
from tests.guards.scene import Scene


def watched(number: int) -> Scene:
    """So many deployables with checks from here, and one without."""
    scene = Scene()
    for name in scene.many(number):
        scene.change(name, outside=True)
    scene.add("blind")
    return scene


def fail(scene: Scene, *indices: int) -> None:
    for index in indices:
        scene.change(f"d{index}", outside_failing=True)


def test_over_a_fifth_and_three_at_least_are_doubted() -> None:
    scene = watched(10)
    fail(scene, 0, 1)
    assert not any(scene.doubts(f"d{index}")[-1] for index in range(10))
    fail(scene, 2)
    assert all(scene.doubts(f"d{index}") == [False, True] for index in range(10))
    assert scene.doubts("blind") == []
    [notice] = scene.notices()
    assert notice.kind is Notices.OUTSIDE_DOUBTED
    assert notice.numbers == "checks from the controller fail on 3 of 10 assemblies that have such"


def test_a_fifth_exactly_is_not_doubted() -> None:
    scene = watched(20)
    fail(scene, 0, 1, 2, 3)
    assert not scene.notices()
    fail(scene, 4)
    assert scene.notices()


def test_assemblies_count_not_deployables_and_only_those_with_such_checks() -> None:
    scene = Scene()
    scene.many(30)
    scene.add("one", machines="abcd")
    scene.change("one", "abc", outside=True, outside_failing=True)
    assert scene.doubts("one")[-1]


def test_the_doubt_is_over_as_soon_as_it_is_no_longer_so() -> None:
    scene = watched(10)
    fail(scene, 0, 1, 2)
    scene.heal("d1")
    assert all(scene.doubts(f"d{index}") == [False, True, False] for index in range(10))
    assert [each.kind for each in scene.notices()] == [Notices.OUTSIDE_DOUBTED, Notices.OUTSIDE_TRUSTED]


def test_who_comes_later_is_told_while_it_lasts() -> None:
    scene = watched(10)
    fail(scene, 0, 1, 2)
    scene.add("late")
    assert scene.doubts("late") == []
    scene.change("late", outside=True)
    assert scene.doubts("late") == [True]


def test_who_attends_anew_is_told_how_it_is() -> None:
    """The DPE's stored state may hold the doubt of an earlier controller."""
    scene = watched(3)
    scene.attend("d0")
    assert scene.doubts("d0") == [False, False]
    fail(scene, 0, 1, 2)
    scene.attend("d0")
    assert scene.doubts("d0")[-2:] == [True, True]


def test_those_who_leave_count_no_more() -> None:
    scene = watched(10)
    fail(scene, 0, 1, 2)
    scene.leave("d0")
    assert scene.doubts("d5")[-1] is False
    assert scene.state.outside == 9


def test_who_has_no_such_checks_any_more_is_told_nothing() -> None:
    scene = watched(10)
    scene.change("d9", outside=False)
    fail(scene, 0, 1, 2)
    assert scene.doubts("d9") == [False]

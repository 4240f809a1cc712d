"""Caps: in flight per deployable and infrastructure, relaunches a minute, restarts at once (policy.md section 5)."""

from __future__ import annotations

from pcloud.model.guards import Relaunched
from pcloud.model.words import Guard, Rung
from tests.guards.scene import Scene


def calm(number: int = 40, machines: str = "a") -> Scene:
    """So many deployables that are well."""
    scene = Scene()
    scene.many(number, machines=machines)
    return scene


def test_five_recoveries_are_in_flight_on_an_infrastructure_at_most() -> None:
    scene = calm()
    for index in range(5):
        assert scene.ask(f"d{index}") is None
        scene.begin(f"d{index}")
    assert scene.ask("d5") is Guard.INFRASTRUCTURE_CAP
    assert scene.answer("d5").guards[-1].numbers == "5 in flight, at most 5"
    scene.add("far", infrastructure="other")
    assert scene.ask("far") is None
    scene.end("d3", verified=True)
    assert scene.held("d5") is None


def test_all_zones_of_an_infrastructure_share_its_cap() -> None:
    scene = calm()
    scene.add("v0", "v1", "v2", "v3", "v4", zone="y")
    for name in ("d0", "d1", "d2", "v0", "v1"):
        assert scene.ask(name) is None
    assert scene.ask("v2") is Guard.INFRASTRUCTURE_CAP


def test_the_condemned_pass_no_cap() -> None:
    scene = calm()
    for index in range(5):
        scene.ask(f"d{index}", condemned=True)
    assert scene.ask("d5", condemned=True) is Guard.INFRASTRUCTURE_CAP
    assert scene.ask("d0", permit="second", condemned=True) is Guard.DEPLOYABLE_CAP


def test_one_recovery_is_in_flight_per_deployable() -> None:
    scene = calm(5, machines="ab")
    assert scene.ask("d0", permit="p") is None
    assert scene.ask("d0", permit="q", assembly="b") is Guard.DEPLOYABLE_CAP
    assert scene.answer("q").guards[-1].numbers == "1 in flight, at most 1"
    scene.begin("d0", permit="p")
    scene.advance(100)
    assert scene.held("q") is Guard.DEPLOYABLE_CAP
    scene.end("d0", verified=True)
    assert scene.held("q") is None


def test_a_busy_deployable_does_not_hold_up_those_behind_it() -> None:
    scene = calm(5, machines="ab")
    scene.ask("d0", permit="p")
    scene.ask("d0", permit="q", assembly="b")
    assert scene.ask("d1") is None


def test_a_parked_request_keeps_its_age() -> None:
    scene = calm(10, machines="ab")
    scene.ask("d0", permit="p")
    scene.ask("d0", permit="q", assembly="b")
    for index in range(1, 5):
        scene.ask(f"d{index}")
        scene.begin(f"d{index}")
    scene.ask("d5")
    scene.give_back("d0", "p")
    assert scene.held("q") is None
    assert scene.held("d5") is Guard.INFRASTRUCTURE_CAP


def test_a_recovery_by_hand_counts_though_no_guard_let_it_through() -> None:
    scene = calm(10)
    for index in range(5):
        scene.by_hand(f"d{index}")
    assert scene.ask("d5") is Guard.INFRASTRUCTURE_CAP
    assert scene.ask("d0") is Guard.DEPLOYABLE_CAP


def test_restarts_meet_the_restart_cap_alone() -> None:
    scene = calm(60)
    for index in range(50):
        assert scene.ask(f"d{index}", Rung.RESTART) is None
        scene.restart(f"d{index}", f"d{index}")
    assert scene.ask("d50", Rung.RESTART) is Guard.RESTART_CAP
    assert scene.answer("d50").guards[-1].numbers == "50 restarts at once, at most 50"
    assert scene.ask("d50", permit="reboot") is None
    scene.restart("d7")
    assert scene.held("d50") is None


def test_restarts_of_one_deployable_are_not_limited_to_one() -> None:
    scene = calm(5)
    assert scene.ask("d0", Rung.RESTART, permit="p") is None
    assert scene.ask("d0", Rung.RESTART, permit="q") is None
    assert scene.ask("d0", permit="reboot") is None


def relaunch(scene: Scene, name: str) -> Guard | None:
    """Ask for it, and where it is granted begin and end it at once."""
    guard = scene.ask(name, Rung.RELAUNCH)
    if guard is None:
        scene.begin(name, Rung.RELAUNCH)
        scene.end(name, verified=True)
    return guard


def test_six_relaunches_begin_within_a_minute_at_most() -> None:
    scene = calm()
    for index in range(6):
        assert relaunch(scene, f"d{index}") is None
        scene.advance(5)
    assert relaunch(scene, "d6") is Guard.RELAUNCH_RATE
    assert scene.answer("d6").guards[-1].numbers == "6 relaunched within a minute, at most 6"
    scene.advance(29.5)
    assert scene.held("d6") is Guard.RELAUNCH_RATE
    scene.advance(0.5)
    assert scene.held("d6") is None


def test_a_reboot_is_no_relaunch() -> None:
    scene = calm()
    for index in range(6):
        relaunch(scene, f"d{index}")
    assert scene.ask("d6", Rung.REBOOT) is None


def test_the_minute_begins_when_the_relaunch_begins_not_when_it_was_granted() -> None:
    scene = calm()
    scene.ask("d0", Rung.RELAUNCH)
    scene.advance(9)
    scene.begin("d0", Rung.RELAUNCH)
    scene.end("d0", verified=True)
    for index in range(1, 6):
        relaunch(scene, f"d{index}")
    scene.advance(55)
    assert relaunch(scene, "d6") is Guard.RELAUNCH_RATE
    scene.advance(5)
    assert scene.held("d6") is None


def test_a_permit_for_a_relaunch_that_is_not_used_counts_in_no_minute() -> None:
    scene = calm()
    for index in range(5):
        relaunch(scene, f"d{index}")
    scene.ask("d5", Rung.RELAUNCH)
    scene.give_back("d5")
    assert relaunch(scene, "d6") is None


def test_relaunching_a_deployable_counts_each_of_its_machines() -> None:
    scene = calm(10, machines="abcd")
    assert scene.ask("d0", Rung.RELAUNCH_DEPLOYABLE) is None
    scene.begin("d0", Rung.RELAUNCH_DEPLOYABLE, only="abcd")
    assert scene.ask("d1", Rung.RELAUNCH_DEPLOYABLE) is Guard.RELAUNCH_RATE
    assert scene.answer("d1").guards[-1].numbers == "4 relaunched within a minute, at most 6; this is 4 more"
    assert scene.verdict("d1", Guard.INFRASTRUCTURE_CAP).numbers == "1 in flight, at most 5"


def test_a_deployable_of_more_than_six_machines_is_relaunched_when_nothing_else_was_for_a_minute() -> None:
    scene = calm(10, machines="abcdefgh")
    relaunch(scene, "d9")
    assert scene.ask("d0", Rung.RELAUNCH_DEPLOYABLE) is Guard.RELAUNCH_RATE
    scene.advance(60)
    assert scene.held("d0") is None
    scene.begin("d0", Rung.RELAUNCH_DEPLOYABLE, only="abcdefgh")
    assert scene.ask("d1", Rung.RELAUNCH) is Guard.RELAUNCH_RATE


def test_whoever_needs_much_of_the_minute_is_not_overtaken_by_those_who_need_little() -> None:
    scene = calm(20, machines="abcd")
    for index in range(4):
        relaunch(scene, f"d{index}")
    assert scene.ask("d10", Rung.RELAUNCH_DEPLOYABLE) is Guard.RELAUNCH_RATE
    assert scene.ask("d11", Rung.RELAUNCH) is Guard.RELAUNCH_RATE
    assert scene.answer("d11").guards[-1].numbers == "4 relaunched within a minute, at most 6; an older request waits for its turn"
    assert scene.ask("d12", Rung.REBOOT) is None
    scene.advance(60)
    assert scene.held("d10") is None
    assert scene.held("d11") is None


def spanning() -> Scene:
    """A deployable on two infrastructures among those of each, the second of which has its hands full."""
    scene = calm(10)
    scene.add("far0", "far1", "far2", "far3", "far4", "far5", infrastructure="other")
    scene.add("both", machines="ab")
    scene.change("both", "b", infrastructure="other")
    for index in range(5):
        scene.ask(f"far{index}")
        scene.begin(f"far{index}")
    return scene


def test_relaunching_a_deployable_meets_the_guards_of_every_infrastructure_that_it_is_on() -> None:
    scene = spanning()
    assert scene.ask("both", Rung.RELAUNCH_DEPLOYABLE) is Guard.INFRASTRUCTURE_CAP
    scene.end("far0", verified=True)
    assert scene.held("both") is None
    scene.begin("both", Rung.RELAUNCH_DEPLOYABLE, only="ab")
    assert scene.ask("far5") is Guard.INFRASTRUCTURE_CAP
    for index in range(4):
        assert scene.ask(f"d{index}") is None
    assert scene.ask("d4") is Guard.INFRASTRUCTURE_CAP


def test_what_an_older_request_waits_for_on_several_infrastructures_is_kept_for_it() -> None:
    scene = spanning()
    scene.ask("both", Rung.RELAUNCH_DEPLOYABLE)
    assert scene.ask("d0") is Guard.INFRASTRUCTURE_CAP
    assert scene.answer("d0").guards[-1].numbers == "0 in flight, at most 5; an older request waits for its turn"
    scene.give_back("both")
    assert scene.held("d0") is None


def test_the_minute_goes_on_where_a_controller_before_this_one_has_relaunched() -> None:
    scene = Scene()
    with scene.gathering():
        scene.many(40)
        for index in range(3):
            scene.attend(f"d{index}", Relaunched("cloud", 20.0 + index), Relaunched("cloud", 50.0 + index))
        scene.attend("d3", Relaunched("other", 1.0))
    assert relaunch(scene, "d6") is Guard.RELAUNCH_RATE
    scene.advance(7.9)
    assert scene.held("d6") is Guard.RELAUNCH_RATE
    scene.advance(0.1)
    assert scene.held("d6") is None


def test_who_attends_anew_under_the_same_controller_is_counted_once() -> None:
    scene = calm()
    for index in range(5):
        relaunch(scene, f"d{index}")
    for index in range(5):
        scene.attend(f"d{index}", Relaunched("cloud", 1.0))
    assert relaunch(scene, "d6") is None

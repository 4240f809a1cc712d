"""Pauses and maintenance (policy.md section 5)."""

from __future__ import annotations

from typing import Any

from pcloud.model import actions, events
from pcloud.model.plan import MonitorPlan
from pcloud.model.words import Guard, Rung
from tests.policy.plans import assembly, deployable, one, resource
from tests.policy.world import World, silent

CHAIN = deployable(
    assembly("db", resource("mysqld", port=3306), volumes=True),
    assembly("web", resource("apache"), after=("db",)),
    assembly("mail", resource("exim")),
)


def paused(plan: Any = None, *, seconds: float = 3600.0, assembly: str = "", maintenance: bool = False) -> World:
    world = World(plan or one())
    world.feed(events.PauseAsked(at=0, owner="ada", reason="new disks", seconds=seconds, assembly=assembly, maintenance=maintenance))
    return world


def resume(world: World, assembly: str = "") -> None:
    world.feed(events.ResumeAsked(at=0, owner="ada", assembly=assembly))


def test_while_it_is_paused_failures_do_not_count_and_nothing_is_done() -> None:
    world = paused()
    mark = world.mark()
    world.ail("db/mysqld")
    world.advance(1800)
    assert world.did(mark) == []
    assert world.word("db/mysqld") == "failed"
    assert world.word() == "failed", "nobody recovers it"
    assert world.state.assemblies["db"].resources["mysqld"].failures == ()
    assert "app  paused: paused by ada for 1h: new disks" in world.lines()


def test_a_silent_machine_is_left_alone_too() -> None:
    world = paused()
    world.anchors = True
    mark = silent(world, seconds=1800)
    assert world.did(mark) == []
    assert world.alerts() == []


def test_it_ends_by_itself_and_what_still_fails_counts_only_after_its_grace() -> None:
    world = paused()
    world.ail("db/mysqld")
    mark = world.mark()
    world.advance(3600)
    assert world.did(mark) == []
    world.advance(59)
    assert world.did(mark) == []
    world.advance(7)
    assert world.did(mark) == ["RestartResource db"]
    assert any("failure 1 of 3 in 10m" in each for each in world.lines(mark))


def test_a_warning_comes_a_quarter_of_an_hour_before_the_end() -> None:
    world = paused()
    world.advance(2699)
    assert world.alerts() == []
    world.advance(2)
    assert world.alerts() == ["the pause ends in 15m"]
    world.advance(7200)
    assert len(world.alerts()) == 1


def test_resume_ends_it_at_once() -> None:
    world = paused()
    world.ail("db/mysqld")
    mark = world.mark()
    resume(world)
    assert world.state.pauses == ()
    world.advance(66)
    assert world.did(mark) == ["RestartResource db"]


def test_it_ends_at_the_later_of_both_clocks() -> None:
    """The wall clock was set back an hour: the pause lasts until it has come to its end as well."""
    world = paused(seconds=600)
    world.wall_shift = -3600.0
    world.advance(900)
    assert world.state.pauses != ()
    world.wall_shift = 0.0
    world.look()
    assert world.state.pauses == ()


def test_a_pause_of_one_assembly_leaves_the_others_in_care() -> None:
    world = paused(CHAIN, assembly="db")
    mark = world.mark()
    world.ail("db/mysqld")
    world.ail("mail/exim")
    assert world.did(mark) == ["RestartResource mail"]


def test_maintenance_covers_what_comes_after_it() -> None:
    world = paused(CHAIN, assembly="db", maintenance=True)
    mark = world.mark()
    world.ail("web/apache")
    world.ail("mail/exim")
    assert world.did(mark) == ["RestartResource mail"]


def test_a_restart_that_was_decided_before_the_pause_is_not_begun_in_it() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.ail("db/mysqld")  # the second is delayed
    mark = world.mark()
    world.feed(events.PauseAsked(at=0, seconds=600))
    world.advance(599)
    assert world.did(mark) == []
    world.advance(120)
    assert world.did(mark) == ["RestartResource db"]


def test_a_relaunch_that_began_is_finished() -> None:
    world = World(one())
    world.outcomes[actions.LaunchInstance] = lambda action: None
    world.vanish("db")
    world.advance(80)
    [launch] = world.open_actions()
    world.feed(events.PauseAsked(at=0, seconds=3600))
    world.outcomes.clear()
    world.feed(world.do(launch, None))
    world.advance(5)
    assert world.word() == "healthy"


def test_what_an_operator_asks_for_by_hand_is_done() -> None:
    world = paused()
    mark = world.mark()
    world.order(Rung.RESTART, "db/mysqld")
    assert world.did(mark) == ["RestartResource db"]


def test_a_reboot_in_good_order_or_not_is_no_failure_while_paused() -> None:
    world = paused()
    world.host("db").reboot()
    world.look()
    world.advance(10)
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].reboots == ()


def test_a_permit_that_is_asked_for_is_given_back_when_a_pause_begins_before_it_comes() -> None:
    world = World(one(monitor=MonitorPlan(silence=20.0)))
    world.held = Guard.STORM
    world.ail("db/mysqld")
    mark = world.mark()
    world.feed(events.PauseAsked(at=0, seconds=600))
    permit = next(each.request.permit for each in world.log if isinstance(each, actions.AskPermit))
    world.feed(events.PermitGranted(at=0, permit=permit))
    assert world.did(mark) == []
    assert any(isinstance(each, actions.ReturnPermit) for each in world.log[mark:])

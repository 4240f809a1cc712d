"""Reloads one after the other, held, undone, and at bad moments: while something starts, stops, recovers or fails."""

from __future__ import annotations

from dataclasses import replace

from pcloud.model import actions, events
from pcloud.model.plan import ProcessAgent
from pcloud.model.words import Desired, Guard, Mode
from tests.policy.arrangements import hangs
from tests.policy.plans import WORDPRESS, assembly, deployable, recovery, resource
from tests.policy.reloads import changed, reload, webs
from tests.policy.world import World


def test_one_assembly_is_changed_after_the_other() -> None:
    world = World(webs())
    hangs(world, actions.LaunchInstance)
    world.reload(webs(image="debian-13"))
    world.advance(60)
    assert [each.name for each in world.state.outgoing] == ["web-2", "web-3"]
    assert world.word() == "reloading"
    assert world.state.assemblies["web-3"].reason == "to be changed: waits for web-1"
    world.outcomes.clear()
    world.resume()
    world.advance(120)
    assert world.word() == "healthy"
    assert [world.state.assemblies[f"web-{number}"].generation for number in (1, 2, 3)] == [2, 2, 2]


def test_an_image_that_does_not_come_up_takes_one_machine_and_no_more() -> None:
    world = World(webs())
    world.scripts["web-1"] = (1, "no such package")
    reload(world, webs(image="broken"), 4 * 3600)
    assert world.word("web-1") == "exhausted"
    assert [world.word(name) for name in ("web-2", "web-3")] == ["healthy", "healthy"]
    assert world.state.assemblies["web-2"].generation == 1
    world.scripts.clear()
    reload(world, webs(), 600)
    assert world.word() == "healthy"
    assert world.state.assemblies["web-2"].generation == 1, "it still lived by the old plan: going back is no change for it"


def test_a_reload_is_held_by_guards_and_pauses_and_begins_when_they_let_it() -> None:
    world = World(webs(1))
    world.feed(events.PauseAsked(at=0, owner="ada", seconds=300.0))
    mark = reload(world, webs(1, image="debian-13"))
    assert world.did(mark) == []
    assert world.state.assemblies["web-1"].reason == "to be changed: waits for the pause to end"
    world.held = Guard.STORM
    world.advance(600)
    assert world.did(mark) == []
    assert world.word() == "held"
    world.let_go()
    world.advance(60)
    assert world.did(mark)[:2] == ["FenceInstance web-1", "LaunchInstance web-1"]
    assert world.word() == "healthy"


def test_going_back_before_anything_was_done_does_nothing() -> None:
    world = World(webs())
    world.held = Guard.STORM
    mark = reload(world, webs(image="debian-13"))
    reload(world, webs())
    world.let_go()
    world.advance(60)
    assert world.did(mark) == []
    assert world.word() == "healthy"


def test_a_reload_while_something_recovers_waits_for_what_has_begun() -> None:
    world = World(webs(2))
    hangs(world, actions.RestartResource)
    world.ail("web-1/apache")
    mark = reload(world, webs(2, image="debian-13"), 10)
    assert world.did(mark) == []
    world.outcomes.clear()
    world.advance(600)
    assert world.word() == "healthy"
    assert {each.generation for each in world.state.assemblies.values()} == {2}


def test_a_recovery_that_has_not_begun_makes_way_for_the_reload() -> None:
    world = World(webs(1, recovery=recovery(mode=Mode.APPROVE)))
    world.vanish("web-1")
    world.advance(90)
    assert world.word() == "held"
    mark = reload(world, webs(1, image="debian-13", recovery=recovery(mode=Mode.APPROVE)), 120)
    assert any(report.kind == "withdrawn" for report in world.reports(mark))
    assert world.did(mark)[:2] == ["FenceInstance web-1", "LaunchInstance web-1"]
    assert world.word() == "healthy"


def test_a_reload_while_it_starts_changes_what_was_launched_and_nothing_twice() -> None:
    world = World(start=False)
    hangs(world, actions.LaunchInstance)
    world.start()
    world.reload(changed(changed(WORDPRESS, "mysql", image="debian-13"), "web", image="debian-13"))
    world.outcomes.clear()
    world.resume()
    world.advance(120)
    assert {name: each.generation for name, each in world.state.assemblies.items()} == {"mysql": 2, "web": 1}
    assert world.word() == "healthy"


def test_a_reload_while_it_stops_leaves_nothing_behind_and_holds_at_the_next_start() -> None:
    world = World()
    hangs(world, actions.StopResources)
    world.stop()
    world.reload(replace(WORDPRESS, assemblies=(replace(WORDPRESS.assemblies[0], image="debian-13"),)))
    world.advance(600)
    assert world.word() == "stopped"
    assert (world.machines, set(world.state.assemblies), world.state.outgoing) == ({}, {"mysql"}, ())
    world.start()
    assert world.word() == "healthy"


def test_a_reload_of_what_is_stopped_does_nothing_but_change_the_plan() -> None:
    world = World()
    world.stop()
    world.advance(600)
    mark = reload(world, webs())
    assert (world.did(mark), set(world.state.assemblies)) == ([], {"web-1", "web-2", "web-3"})
    assert world.state.desired is Desired.STOPPED


def test_a_reload_mends_what_could_not_be_launched() -> None:
    world = World(webs(1), start=False)
    world.outcomes[actions.LaunchInstance] = lambda action: events.ActionRefused(at=0, action=action.id, reason="no such image")
    world.start()
    assert world.word() == "blocked"
    world.outcomes.clear()
    reload(world, webs(1, image="debian-12"))
    assert world.word() == "healthy"


def test_a_reload_mends_a_service_that_cannot_be_started() -> None:
    world = World(webs(1))
    world.outcomes[actions.RestartResource] = lambda action: events.ActionRefused(at=0, action=action.id, reason="no such unit")
    world.ail("web-1/apache", cure=None)
    world.advance(30)
    assert world.word("web-1/apache") == "blocked"
    world.host("web-1").ill.clear()
    mark = reload(world, changed(webs(1), "web-1", resources=(replace(resource("apache"), agent=ProcessAgent("apache2")),)))
    assert world.did(mark) == ["StartResources web-1"]
    assert world.word() == "healthy"


def test_the_other_order_of_dependencies_is_no_change_and_makes_no_circle() -> None:
    world = World(deployable(assembly("a", resource("x")), assembly("b", resource("y"), after=("a",))))
    turned = deployable(assembly("b", resource("y"), image="debian-13"), assembly("a", resource("x"), after=("b",)))
    world.held = Guard.STORM
    reload(world, turned)
    assert [(each.name, each.after) for each in world.state.plan.assemblies] in ([("a", ()), ("b", ("a",))], [("b", ()), ("a", ("b",))])  # type: ignore[union-attr]
    world.stop()
    world.advance(600)
    assert world.word() == "stopped"


def test_a_cloud_that_does_not_answer_lets_a_change_wait_and_is_asked_again() -> None:
    world = World(webs(1))
    world.api_down = True
    mark = reload(world, webs(1, image="debian-13"), 1300)
    assert 2 <= world.did(mark).count("FenceInstance web-1") <= 12
    assert world.state.assemblies["web-1"].generation == 1
    world.api_down = False
    world.advance(2 * 3600)
    assert world.word() == "healthy"
    assert world.state.assemblies["web-1"].generation == 2


def test_a_dependency_that_its_own_change_has_broken_keeps_what_comes_after_it_as_it_was() -> None:
    world = World()
    world.outcomes[actions.LaunchInstance] = lambda action: events.ActionRefused(at=0, action=action.id, reason="no such image")
    reload(world, changed(changed(WORDPRESS, "mysql", image="debian-13"), "web", image="debian-13"), 600)
    assert world.word("mysql") == "blocked"
    assert world.state.assemblies["web"].generation == 1
    assert world.state.assemblies["web"].instance is not None


def test_a_controller_that_only_observes_changes_nothing_until_somebody_takes_over() -> None:
    world = World(webs())
    world.resume(doubt="the store was moved")
    mark = reload(world, webs(image="debian-13"), 900)
    assert world.did(mark) == []
    world.feed(events.TakeoverAsked(at=0, owner="ada"))
    world.advance(600)
    assert world.word() == "healthy"
    assert {each.generation for each in world.state.assemblies.values()} == {2}

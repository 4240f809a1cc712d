"""Starting and stopping in order."""

import pytest

from pcloud.model import actions, events
from pcloud.model.words import Stage
from tests.policy.arrangements import fails, hangs, launched_in_silence, under_way
from tests.policy.plans import assembly, deployable, one, resource
from tests.policy.world import World

UP = ["LaunchInstance mysql", "StartResources mysql", "LaunchInstance web", "ConfigureAssembly web", "StartResources web"]
DOWN = ["StopResources web", "DestroyInstance web", "StopResources mysql", "DestroyInstance mysql"]


def test_a_deployable_starts_in_dependency_order_and_becomes_healthy() -> None:
    world = World()
    assert world.word() == "healthy"
    assert world.did() == UP


def test_it_stops_in_reverse_order() -> None:
    world = World()
    mark = world.mark()
    world.stop()
    assert world.did(mark) == DOWN
    assert world.word() == "stopped"
    assert world.machines == {}


def test_services_start_in_their_order_and_stop_last_first() -> None:
    world = World(deployable(assembly("db", resource("one"), resource("two"), resource("check", agent=False))))
    world.stop()
    orders = [each.resources for each in world.log if isinstance(each, actions.StartResources | actions.StopResources)]
    assert orders == [("one", "two"), ("two", "one")]


def test_an_assembly_waits_until_all_it_comes_after_is_healthy() -> None:
    world = World(start=False)
    hangs(world, actions.StartResources)
    world.start()
    assert world.word("web") == "waiting"
    assert world.state.assemblies["web"].reason == "for mysql"
    assert "LaunchInstance web" not in world.did()


def test_starting_twice_changes_nothing() -> None:
    world = World()
    mark = world.mark()
    world.start()
    assert world.did(mark) == []
    assert world.word() == "healthy"


def test_the_progress_of_a_start_is_told_stage_by_stage() -> None:
    world = World()
    stages = [each.after for each in world.reports() if each.assembly == "web" and not each.resource and each.after]
    assert stages == ["waiting", "launching", "booting", "provisioning", "configuring", "starting", "verifying", "healthy"]


def test_a_start_tells_nothing_about_services_that_were_not_started_yet() -> None:
    world = World()
    assert [each for each in world.lines() if "not running" in each] == []


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        (actions.LaunchInstance, Stage.LAUNCHING),
        (actions.ConfigureAssembly, Stage.CONFIGURING),
        (actions.StartResources, Stage.STARTING),
    ],
)
def test_a_stop_in_the_middle_of_a_start_takes_down_what_is_there(kind: type[actions.Action], stage: Stage) -> None:
    world = World(start=False)
    world.outcomes[kind] = lambda action: None if action.assembly == "web" else world.perform(action)
    world.start()
    assert world.state.assemblies["web"].stage is stage
    world.stop()
    if kind is actions.LaunchInstance:
        assert world.word("web") == "launching"  # the cloud's answer is waited for: never two calls at a time
        del world.outcomes[kind]
        world.performing.clear()
        world.look()
    assert world.word() == "stopped"
    assert world.machines == {}


def test_a_stop_while_provisioning_destroys_what_has_nothing_to_stop() -> None:
    world = launched_in_silence()
    world.say(events.ContactMade, "db", boot_id="one")
    world.feed(events.Ticked(at=0))
    assert world.word("db") == "provisioning"
    mark = world.mark()
    world.stop()
    assert world.did(mark) == ["DestroyInstance db"]


def test_a_launch_that_fails_while_stopping_leaves_nothing() -> None:
    world = World(one(), start=False)
    hangs(world, actions.LaunchInstance)
    world.start()
    world.stop()
    mark = world.mark()
    world.feed(events.ActionFailed(at=0, action=under_way(world).id, reason="503"))
    assert world.did(mark) == ["DestroyInstance db"], "what the launch may have left all the same"
    assert world.word() == "stopped"


def test_a_start_while_stopping_goes_down_first_and_then_up_again() -> None:
    world = World(one())
    hangs(world, actions.StopResources)
    world.stop()
    mark = world.mark()
    world.start()
    assert world.did(mark) == []
    world.feed(events.ActionDone(at=0, action=under_way(world).id))
    assert world.did(mark) == ["DestroyInstance db", "LaunchInstance db", "StartResources db"]
    assert world.word() == "healthy"
    assert set(world.machines) == {"db-2"}


def test_services_that_cannot_be_stopped_are_destroyed_all_the_same() -> None:
    world = World(one())
    fails(world, actions.StopResources, "hung")
    world.stop()
    assert world.word() == "stopped"
    assert "app/db  failed: stopping its services failed: hung; destroying it all the same" in world.lines()


def test_a_destruction_that_fails_is_tried_again_and_said_once() -> None:
    world = World(one())
    fails(world, actions.DestroyInstance, "503")
    world.stop()
    world.advance(100)
    assert world.did().count("DestroyInstance db") == 4
    assert world.alerts() == ["destroy failed: 503; again every 30s"]
    del world.outcomes[actions.DestroyInstance]
    world.advance(31)
    assert world.word() == "stopped"


def test_a_destruction_that_fails_is_tried_again_even_if_a_start_was_asked_for_meanwhile() -> None:
    world = World(one())
    fails(world, actions.DestroyInstance, "503")
    world.stop()
    world.start()
    del world.outcomes[actions.DestroyInstance]
    world.advance(31)
    assert world.word() == "healthy"
    assert set(world.machines) == {"db-2"}


def test_a_silent_machine_is_destroyed_without_stopping_its_services() -> None:
    world = World(one())
    world.freeze("db")
    mark = world.mark()
    world.stop()
    assert world.did(mark) == ["DestroyInstance db"]


def test_a_failed_provisioning_says_how_its_output_ended() -> None:
    world = World(one(), start=False)
    world.scripts["db"] = (100, "E: Unable to locate package mariadb-servr\n")
    world.start()
    said = "provisioning ended with 100: E: Unable to locate package mariadb-servr; failure 1 of 2 in 6h: relaunching"
    assert f"app/db  provisioning → failed: {said}" in world.lines()
    assert world.word() == "exhausted"
    assert "E: Unable to locate package mariadb-servr" in world.state.assemblies["db"].reason


def test_a_provisioning_that_never_ends_fails_after_half_an_hour() -> None:
    world = launched_in_silence()
    world.say(events.ContactMade, "db", boot_id="one")
    world.advance(1801)
    assert "provisioning was not done after 30m; failure 1 of 2 in 6h: relaunching" in "\n".join(world.lines())


def test_a_configuration_that_is_refused_blocks_and_is_not_repeated() -> None:
    world = World(start=False)
    world.outcomes[actions.ConfigureAssembly] = lambda action: events.ActionRefused(at=0, action=action.id, reason="secret missing")
    world.start()
    world.advance(2400)
    assert world.word("web") == "blocked"
    assert world.did().count("ConfigureAssembly web") == 1
    world.outcomes.clear()
    world.start()
    assert world.word() == "healthy"


def test_a_configuration_that_fails_is_not_repeated_for_ever() -> None:
    world = World(start=False)
    fails(world, actions.ConfigureAssembly, "exit status 1")
    world.start()
    world.advance(2400)
    assert world.word("web") == "exhausted"
    assert world.did().count("ConfigureAssembly web") < 10


def test_services_that_come_up_although_their_start_was_refused_end_the_block() -> None:
    world = World(one(), start=False)
    world.outcomes[actions.StartResources] = lambda action: events.ActionRefused(at=0, action=action.id, reason="no such unit")
    world.start()
    assert world.word() == "blocked"
    world.host("db").running.add("mysqld")
    world.look()
    assert world.word() == "healthy"


def test_nothing_is_written_down_while_all_is_well() -> None:
    world = World()
    world.advance(1300)
    mark, before = world.mark(), world.state
    world.sense(again=True)
    world.look()
    world.advance(600)
    assert world.reports(mark) == []
    assert world.state is before

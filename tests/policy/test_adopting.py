"""Machines that somebody else has made come under care as they are, and are never replaced or destroyed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dpe.policy.operator import refusal
from pcloud.model import actions, events
from pcloud.model.instance import Instance
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import Desired, Rung, Stage
from tests.policy.machines import Machine
from tests.policy.plans import assembly, deployable, resource
from tests.policy.world import World, silent

ALONE = deployable(assembly("db", resource("mysqld", port=3306), volumes=True, configure="#!/bin/sh"))
PAIR = deployable(assembly("db", resource("mysqld", port=3306)), assembly("web", resource("apache", port=8080), after=("db",)))


def adopted(name: str = "db", instance_id: str = "i-7", generation: int = 1) -> events.InstanceAdopted:
    instance = Instance(instance_id, generation, "10.0.7.7", host_key="ssh-ed25519 AAAA", infrastructure="lab")
    return events.InstanceAdopted(at=0, owner="ann", assembly=name, instance=instance)


def adopt(world: World, name: str = "db", instance_id: str = "i-7") -> Machine:
    """Put a machine there on which everything runs, and adopt it."""
    word = adopted(name, instance_id, world.state.assemblies[name].generation + 1)
    assert refusal(world.state, word) == ""
    plan = world.plan.assembly(name)
    assert plan is not None
    machine = world.machines[instance_id] = Machine(word.instance, plan, running={each.name for each in plan.resources})
    world.feed(replace(word, at=world.now, wall=world.now))
    return machine


def cared_for(plan: DeployablePlan = ALONE) -> World:
    world = World(plan, start=False)
    adopt(world)
    world.advance(60)
    return world


def test_the_only_machine_of_a_stopped_deployable_is_under_care_at_once_and_nothing_is_done_to_it() -> None:
    world = cared_for()
    assert (world.word(), world.did(), world.state.desired) == ("healthy", [], Desired.RUNNING)
    assert world.state.assemblies["db"].boot_id == "i-7/boot-1"


def test_in_a_deployable_that_runs_the_missing_machine_is_adopted_likewise() -> None:
    world = World(PAIR, start=False)
    adopt(world)
    assert (world.word(), world.did(), world.state.desired) == ("stopped", [], Desired.STOPPED)
    adopt(world, "web", "i-8")
    world.advance(60)
    assert (world.word(), world.did()) == ("healthy", [])


def test_a_start_launches_what_is_missing_beside_it() -> None:
    world = World(PAIR, start=False)
    adopt(world)
    world.start()
    world.advance(60)
    assert world.word() == "healthy"
    assert world.did() == ["LaunchInstance web", "StartResources web"]


def test_its_services_are_restarted_and_its_machine_is_rebooted_but_never_replaced() -> None:
    world = cared_for()
    world.ail("db/mysqld")
    world.advance(600)
    assert world.did() == ["RestartResource db"]
    mark = world.mark()
    world.ail("db/mysqld", cure=None)
    world.advance(3 * 3600)
    assert set(world.did(mark)) == {"RestartResource db", "RebootAssembly db", "StartResources db", "ConfigureAssembly db"}
    assert world.word() == "exhausted"
    assert list(world.machines) == ["i-7"]


def test_one_that_is_gone_is_not_replaced() -> None:
    world = cared_for()
    world.vanish("db")
    world.advance(3 * 3600)
    assert not [each for each in world.log if isinstance(each, actions.LaunchInstance | actions.FenceInstance)]


def test_a_stop_ends_its_services_and_leaves_it_and_a_start_takes_it_up_again() -> None:
    world = cared_for()
    world.stop()
    assert (world.word(), world.did()) == ("stopped", ["StopResources db"])
    assert world.machines["i-7"].running == set()
    mark = world.mark()
    world.start()
    world.advance(60)
    assert (world.word(), world.did(mark)) == ("healthy", ["ConfigureAssembly db", "StartResources db"])
    assert list(world.machines) == ["i-7"]


def test_a_silent_one_is_left_by_a_stop_too() -> None:
    world = cared_for()
    silent(world, "db", 10)
    world.stop()
    assert (world.word(), world.did()) == ("stopped", [])
    assert list(world.machines) == ["i-7"]


def test_it_survives_a_restart_of_the_controller_before_and_after_it_is_under_care() -> None:
    world = World(PAIR, start=False)
    adopt(world)
    world.resume()
    adopt(world, "web", "i-8")
    world.advance(60)
    world.resume(30)
    world.advance(60)
    assert (world.word(), world.did()) == ("healthy", [])
    assert all(each.adopted for each in world.state.assemblies.values())


def test_a_changed_image_does_not_replace_it_and_a_changed_service_is_changed() -> None:
    world = cared_for()
    (db,) = ALONE.assemblies
    world.reload(replace(ALONE, assemblies=(replace(db, image="other", provision="#!/bin/sh\ntrue"),)))
    world.advance(600)
    assert (world.word(), world.did()) == ("healthy", [])
    more = replace(db, image="other", resources=(*db.resources, resource("cron")))
    world.reload(replace(ALONE, assemblies=(more,)))
    world.advance(600)
    assert (world.word(), world.did()) == ("healthy", ["StartResources db"])


def test_one_that_leaves_the_spec_is_let_go() -> None:
    world = World(PAIR, start=False)
    adopt(world)
    adopt(world, "web", "i-8")
    world.advance(60)
    world.reload(replace(PAIR, assemblies=PAIR.assemblies[:1]))
    world.advance(600)
    assert (list(world.state.assemblies), world.did()) == (["db"], ["StopResources web"])
    assert sorted(world.machines) == ["i-7", "i-8"]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (adopted("nobody"), f"{PAIR.name} has no assembly nobody"),
        (adopted("web", "i-9"), "web has an instance: web-1"),
        (adopted("web", "i-9", 2), "web has an instance: web-1"),
    ],
)
def test_what_cannot_be_adopted_is_refused_with_a_reason(word: events.InstanceAdopted, why: str) -> None:
    assert refusal(World(PAIR).state, word) == why


def test_a_generation_that_was_passed_meanwhile_is_refused() -> None:
    world = World(PAIR)
    world.stop()
    assert refusal(world.state, adopted()) == "db has gone on meanwhile, to generation 1"
    assert refusal(world.state, adopted("db", "i-7", 2)) == ""


def test_the_same_machine_is_not_adopted_for_two() -> None:
    world = World(PAIR, start=False)
    adopt(world)
    assert refusal(world.state, adopted("web")) == "i-7 is the instance of db"


def test_a_static_one_needs_no_adoption() -> None:
    world = World(deployable(replace(assembly("db", resource("mysqld")), address="10.0.0.1")), start=False)
    assert "is static" in refusal(world.state, adopted())


def test_a_relaunch_by_hand_is_refused() -> None:
    world = cared_for()
    word = events.RecoveryAsked(at=world.now, rung=Rung.RELAUNCH, assembly="db")
    assert "was adopted" in refusal(world.state, word)


def test_another_machine_for_one_that_nobody_saw_end_is_taken_and_the_old_one_is_dead() -> None:
    world = World(deployable(assembly("db", resource("mysqld", port=3306), volumes=True)))
    silent(world, "db", 300)
    world.vanish("db")
    world.advance(7200)
    assert world.state.assemblies["db"].stage is Stage.FENCING
    assert world.word() == "blocked"
    mark = world.mark()
    adopt(world, "db", "i-9")
    world.advance(120)
    assert world.word() == "healthy"
    assert "LaunchInstance db" not in world.did(mark)
    assert [each.reason for each in world.reports(mark) if "taken for dead" in each.reason]

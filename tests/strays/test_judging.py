"""What carries our tags and belongs to nothing, judged by states that the policy has really come to (policy.md section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cpe.policy.strays import Judgement, Known, Listed, doubt, judge
from pcloud.model import actions
from pcloud.model.instance import InstanceReading, PortReading, PortTags, Tags, VolumeReading, VolumeTags
from pcloud.model.state import DeployableState
from pcloud.model.words import Belonging, InstanceStatus, Rung
from tests.policy.arrangements import fails, hangs, listed
from tests.policy.plans import assembly, deployable, resource
from tests.policy.world import World

PAIR = deployable(assembly("db", resource("mysqld"), volumes=True), assembly("web", resource("apache")), name="shop")


def instance(identity: str, generation: int = 1, *, of: str = "shop/db", controller: str = "here") -> InstanceReading:
    whole, _, part = of.partition("/")
    return InstanceReading(identity, InstanceStatus.ACTIVE, Tags(controller, whole, part, generation))


def volume(identity: str = "disk", holder: str = "", *, of: str = "shop/db/data", controller: str = "here") -> VolumeReading:
    whole, part, name = of.split("/")
    return VolumeReading(identity, VolumeTags(controller, whole, part, name), holder)


def judged(
    state: DeployableState | None,
    instances: Sequence[InstanceReading] = (),
    volumes: Sequence[VolumeReading] = (),
    ports: Sequence[PortReading] = (),
    *,
    infrastructure: str = "lab",
) -> dict[str, Judgement]:
    return judge(Listed(infrastructure, instances, volumes, ports), Known("here", {"shop": state}))


def port(identity: str, holder: str = "", *, of: str = "shop/db", controller: str = "here", floating: bool = False) -> PortReading:
    whole, _, part = of.partition("/")
    return PortReading(identity, PortTags(controller, whole, part), "10.0.0.7", holder, floating)


def strays(found: dict[str, Judgement]) -> list[str]:
    assert all(each.belonging is Belonging.STRAY for each in found.values()), found
    return list(found)


def test_what_an_assembly_runs_on_belongs_to_it_and_so_does_what_it_keeps() -> None:
    world = World(PAIR)
    world.order(Rung.RELAUNCH, "db")
    assert judged(world.state, [instance("db-1"), instance("db-2", 2), instance("web-1", of="shop/web")]) == {}


def test_another_instance_of_its_generation_or_a_lower_one_is_a_stray() -> None:
    world = World(PAIR)
    world.order(Rung.RELAUNCH, "db")
    found = judged(world.state, [instance("db-2", 2), instance("late", 2), instance("older", 1)])
    assert strays(found) == ["late", "older"]
    assert found["late"].reason == "shop/db is at generation 2 here, and runs on db-2"


@pytest.mark.parametrize("of", ["shop/db", "shop/cache", "gone/db"])
def test_what_was_adopted_is_never_a_stray(of: str) -> None:
    whole, _, part = of.partition("/")
    adopted = InstanceReading("theirs", InstanceStatus.ACTIVE, Tags("here", whole, part, 1, adopted=True))
    found = judged(World(PAIR).state, [instance("db-1"), adopted])
    assert {name: each.belonging for name, each in found.items()} == {"theirs": Belonging.FOREIGN}


def test_an_instance_is_known_by_its_infrastructure_too() -> None:
    assert strays(judged(World(PAIR).state, [instance("db-1")], infrastructure="elsewhere")) == ["db-1"]


def test_what_is_left_of_a_stopped_deployable_is_a_stray() -> None:
    world = World(PAIR)
    world.stop()
    found = judged(world.state, [instance("db-1")])
    assert strays(found) == ["db-1"]
    assert found["db-1"].reason == "shop/db is at generation 1 here, and has no instance"


def test_while_an_instance_is_made_nothing_of_its_assembly_is_a_stray_and_what_is_of_another_is() -> None:
    world = hangs(World(PAIR), actions.LaunchInstance)
    world.order(Rung.RELAUNCH, "db")
    assert judged(world.state, [instance("coming", 2), instance("older", 1)]) == {}
    assert strays(judged(world.state, [instance("coming", 2), instance("late", of="shop/web")])) == ["late"]


def test_while_an_instance_is_unmade_nothing_of_its_assembly_is_a_stray() -> None:
    world = hangs(World(PAIR), actions.DestroyInstance)
    world.stop()
    assert judged(world.state, [instance("db-1"), instance("older")]) == {}


def test_a_deletion_that_is_to_be_tried_again_is_under_way_still() -> None:
    world = fails(World(PAIR), actions.DestroyInstance, "503")
    world.stop()
    assert world.state.assemblies["web"].action is None
    assert judged(world.state, [instance("late", of="shop/web")]) == {}


def test_a_twin_that_the_policy_knows_is_its_own_business() -> None:
    world = hangs(World(PAIR), actions.StopTwin)
    listed(world, "late", 1)
    assert judged(world.state, [instance("db-1"), instance("late")]) == {}


def test_what_no_deployable_or_no_assembly_is_registered_for_is_a_stray() -> None:
    found = judged(World(PAIR).state, [instance("a", of="blog/db"), instance("b", of="shop/cache")])
    assert strays(found) == ["a", "b"]
    assert [each.reason for each in found.values()] == ["no deployable blog is registered here", "shop has no assembly cache"]


def test_nothing_of_a_deployable_that_could_not_be_taken_up_is_a_stray() -> None:
    unplanned = replace(World(PAIR).state, plan=None)
    for state in (None, unplanned):
        assert judged(state, [instance("x", 9)], [volume(of="shop/db/old")]) == {}


def test_another_controllers_is_told_as_such_whatever_it_is() -> None:
    found = judged(World(PAIR).state, [instance("x", 9, controller="there")], [volume(controller="there")])
    assert {each.belonging for each in found.values()} == {Belonging.FOREIGN}
    assert list(found) == ["x", "disk"]


def test_a_higher_generation_is_told_as_such_and_nothing_of_its_deployable_is_a_stray() -> None:
    found = judged(World(PAIR).state, [instance("older"), instance("theirs", 2), instance("w", of="shop/web")], [volume(of="shop/db/new")])
    assert {key: each.belonging for key, each in found.items()} == {"theirs": Belonging.HIGHER}


def test_nothing_of_a_frozen_deployable_is_a_stray() -> None:
    world = World(PAIR)
    listed(world, "theirs", 2)
    assert world.state.stale
    assert judged(world.state, [instance("older")], [volume(of="shop/db/new")]) == {}


def test_a_volume_belongs_where_the_spec_has_it_whether_it_is_attached_or_not() -> None:
    world = World(PAIR)
    assert judged(world.state, [instance("db-1")], [volume(holder="db-1")]) == {}
    world.stop()
    assert judged(world.state, [], [volume()]) == {}


def test_a_volume_that_no_spec_has_is_a_stray_unless_something_that_belongs_holds_it() -> None:
    state = World(PAIR).state
    found = judged(
        state, [instance("db-1")], [volume("a", of="shop/db/old"), volume("b", of="blog/db/data"), volume("c", "db-1", of="shop/db/old")]
    )
    assert strays(found) == ["a", "b"]
    assert found["a"].reason == "the spec of shop has no volume db/old"
    assert strays(judged(state, [instance("late")], [volume("a", "late", of="shop/db/old")])) == ["late", "a"]


def test_a_volume_at_another_infrastructure_than_its_assembly_is_a_stray() -> None:
    found = judged(World(PAIR).state, [], [volume()], infrastructure="old")
    assert found["disk"] == Judgement(Belonging.STRAY, "shop/db is at lab now, and so is its volume data")


def test_of_two_volumes_of_one_name_that_in_use_belongs_and_where_none_is_both_do() -> None:
    state = World(PAIR).state
    found = judged(state, [instance("db-1")], [volume("a"), volume("b", holder="db-1")])
    assert found == {"a": Judgement(Belonging.STRAY, "shop/db uses b as its volume data")}
    assert judged(state, [instance("db-1")], [volume("a"), volume("b")]) == {}


def test_a_volume_belongs_by_the_plan_that_its_assembly_lives_by_and_by_the_spec() -> None:
    world = hangs(World(PAIR), actions.FenceInstance)
    grown = assembly("db", resource("mysqld"), volumes=True)
    moved = replace(grown, volumes=(replace(grown.volumes[0], name="new"),))
    world.reload(replace(PAIR, assemblies=(moved, PAIR.assemblies[1])))
    assert judged(world.state, [], [volume("a"), volume("b", of="shop/db/new")]) == {}


def test_who_only_observes_is_in_doubt() -> None:
    world = World(PAIR)
    assert doubt(Known("here", {"shop": world.state, "lame": None})) == ""
    world.resume(doubt="the store was restored from a backup")
    assert doubt(Known("here", {"lame": None, "shop": world.state})) == "shop is only observed: the store was restored from a backup"


def test_a_port_belongs_to_its_assembly_whether_anything_has_it_or_not() -> None:
    world = World(PAIR)
    mine = [port("used", "db-1"), port("free", of="shop/web"), port("outside", floating=True)]
    assert judged(world.state, [instance("db-1")], ports=mine) == {}
    world.stop()
    assert judged(world.state, ports=mine) == {}


def test_a_port_of_no_assembly_is_a_stray_unless_something_that_belongs_has_it() -> None:
    found = judged(World(PAIR).state, ports=[port("left", of="shop/cache"), port("gone", of="blog/web")])
    assert strays(found) == ["left", "gone"]
    assert found["left"].reason == "shop has no assembly cache"
    assert judged(World(PAIR).state, [instance("db-1")], ports=[port("left", "db-1", of="shop/cache")]) == {}
    assert strays(judged(World(PAIR).state, ports=[port("moved")], infrastructure="elsewhere")) == ["moved"]


def test_another_controllers_ports_are_foreign_and_those_of_a_later_one_are_left_alone() -> None:
    foreign = judged(World(PAIR).state, ports=[port("theirs", controller="there")])
    assert {name: each.belonging for name, each in foreign.items()} == {"theirs": Belonging.FOREIGN}
    later = judged(World(PAIR).state, [instance("db-9", 9)], ports=[port("left", of="shop/cache")])
    assert list(later) == ["db-9"]

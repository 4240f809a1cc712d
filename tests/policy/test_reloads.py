"""Reloads: the least that makes what runs what the spec says, one assembly after the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcloud.model import actions
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, Check, CommandCheck, DeployablePlan, MonitorPlan, ProcessAgent
from pcloud.model.words import Guard, Mode, OnExhausted
from tests.policy.machines import Machine
from tests.policy.plans import WORDPRESS, assembly, deployable, one, recovery, resource, rung
from tests.policy.reloads import changed, reload, webs
from tests.policy.world import World


def test_the_same_spec_again_does_nothing() -> None:
    world = World()
    assert world.did(reload(world, WORDPRESS)) == []
    assert world.word() == "healthy"


@pytest.mark.parametrize(
    "changes",
    [
        {"monitor": MonitorPlan(interval=1.0, timeout=2.0, silence=30.0)},
        {"recovery": recovery(restart=rung(7, 900.0), keep_failed=3, on_exhausted=OnExhausted.STOP)},
        {"spread": True, "ephemeral": True},
    ],
)
def test_what_only_we_read_disturbs_nothing_and_holds_at_once(changes: dict[str, object]) -> None:
    world = World()
    plan = changed(WORDPRESS, "web", **changes)
    assert world.did(reload(world, plan)) == []
    assert world.state.plan is world.state.target
    assert world.word() == "healthy"


def test_a_check_that_joins_or_leaves_touches_no_service() -> None:
    world = World(one())
    checks = (Check("command", CommandCheck("true")),)
    wider = changed(world.plan, "db", resources=(replace(world.plan.assemblies[0].resources[0], checks=checks),))
    mark = reload(world, wider)
    assert "command" in world.state.assemblies["db"].resources["mysqld"].probes
    reload(world, one())
    assert "command" not in world.state.assemblies["db"].resources["mysqld"].probes
    assert world.did(mark) == []
    assert world.word() == "healthy"


def test_a_check_that_fails_and_leaves_the_spec_is_forgotten() -> None:
    world = World(deployable(assembly("db", resource("mysqld"), resource("site", url="http://db/", agent=False))))
    world.ail("db/site", cure=None)
    reload(world, deployable(assembly("db", resource("mysqld"))))
    assert world.word() == "healthy"


def test_a_new_image_relaunches_that_assembly_alone_and_counts_nowhere() -> None:
    world = World(webs())
    mark = reload(world, changed(world.plan, "web-2", image="debian-13"))
    assert world.did(mark) == ["FenceInstance web-2", "LaunchInstance web-2", "StartResources web-2"]
    state = world.state.assemblies["web-2"]
    assert (state.generation, state.relaunches, state.recoveries, world.state.outcome) == (2, (), (), None)
    assert world.word() == "healthy"


def test_what_depends_on_a_relaunched_assembly_is_configured_again_by_its_new_address() -> None:
    world = World()
    mark = reload(world, changed(WORDPRESS, "mysql", image="debian-13"))
    assert world.did(mark) == [
        "FenceInstance mysql", "LaunchInstance mysql", "StartResources mysql", "ConfigureAssembly web", "StartResources web"]  # fmt: skip
    assert world.word() == "healthy"


def test_a_changed_agent_stops_what_ran_and_starts_what_is_to_run_alone() -> None:
    world = World(deployable(assembly("db", resource("mysqld"), resource("backup"))))
    plan = changed(world.plan, "db", resources=(resource("mysqld"), replace(resource("backup"), agent=ProcessAgent("backup --fast"))))
    mark = reload(world, plan)
    [start] = [each for each in world.log[mark:] if isinstance(each, actions.StartResources)]
    assert (start.resources, start.restart) == (("backup",), False)
    assert [each.agent for each in start.former] == [ProcessAgent("backup")]
    assert world.did(mark) == ["StartResources db"]
    assert world.state.assemblies["db"].former == ()
    assert world.word() == "healthy"


def test_resources_that_join_are_started_and_those_that_leave_are_stopped_by_their_own_plan() -> None:
    world = World(deployable(assembly("db", resource("mysqld"), resource("backup"))))
    mark = reload(world, deployable(assembly("db", resource("mysqld"), resource("metrics"))))
    [start] = [each for each in world.log[mark:] if isinstance(each, actions.StartResources)]
    assert (start.resources, [each.name for each in start.former]) == (("metrics",), ["backup"])
    assert set(world.state.assemblies["db"].resources) == {"mysqld", "metrics"}
    assert world.word() == "healthy"


@pytest.mark.parametrize("changes", [{"configure": "#!/bin/sh\ntrue"}, {"parameters": (("DB_HOST", "${mysql.address}"), ("PORT", "1"))}])
def test_another_configuration_configures_again_and_restarts_whatever_the_mode(changes: dict[str, object]) -> None:
    plan = changed(WORDPRESS, "web", recovery=recovery(mode=Mode.OBSERVE))
    world = World(plan)
    mark = reload(world, changed(plan, "web", **changes))
    assert world.did(mark) == ["ConfigureAssembly web", "StartResources web"]
    assert world.word() == "healthy"


def test_a_new_assembly_is_launched_when_what_it_comes_after_is_what_the_spec_says() -> None:
    world = World()
    wider = changed(WORDPRESS, "mysql", image="debian-13")
    wider = replace(wider, assemblies=(*wider.assemblies, assembly("cache", resource("redis"), after=("mysql",))))
    mark = reload(world, wider, 120)
    did = world.did(mark)
    assert did.index("LaunchInstance mysql") < did.index("LaunchInstance cache")
    assert did.count("LaunchInstance cache") == 1
    assert world.word() == "healthy"


def test_an_assembly_that_has_left_goes_when_those_that_used_it_are_pointed_elsewhere() -> None:
    world = World()
    after = deployable(
        assembly("maria", resource("mysqld", port=3306), volumes=True),
        replace(WORDPRESS.assemblies[1], after=("maria",), parameters=(("DB_HOST", "${maria.address}"),)),
        name="wordpress",
    )
    mark = reload(world, after, 120)
    did = world.did(mark)
    order = ["LaunchInstance maria", "ConfigureAssembly web", "StopResources mysql", "DestroyInstance mysql"]
    assert [did.index(each) for each in order] == sorted(did.index(each) for each in order)
    assert set(world.state.assemblies) == {"maria", "web"}
    assert world.state.outgoing == ()
    assert world.word() == "healthy"
    assert any("mysql  destroying → stopped" in line for line in world.lines(mark))


def test_what_has_left_is_looked_after_as_long_as_it_is_needed() -> None:
    world = World()
    world.held = Guard.STORM  # the web server's change waits
    web = replace(WORDPRESS.assemblies[1], after=("maria",), parameters=(("DB_HOST", "${maria.address}"),))
    after = deployable(assembly("maria", resource("mysqld")), web, name="wordpress")
    reload(world, after)
    assert world.word() == "held"
    world.ail("mysql/mysqld")
    world.let_go()
    world.advance(60)
    assert set(world.state.assemblies) == {"maria", "web"}
    assert world.word() == "healthy"


def static(**changes: object) -> DeployablePlan:
    """A machine that is there already, and its service."""
    plan = AssemblyPlan(
        "rack", "lab", address="10.9.9.9", resources=(resource("postgres"),), monitor=MonitorPlan(user="root", silence=60.0)
    )
    return deployable(replace(plan, **changes))  # type: ignore[arg-type]


def racked(plan: DeployablePlan, *addresses: str) -> World:
    """Its machines answer."""
    world = World(plan, start=False)
    for address in addresses:
        name = f"static:{address}"
        world.machines[name] = Machine(Instance(name, 1, address), plan.assemblies[0], running={"postgres"})
    world.start()
    world.advance(10)
    assert world.word() == "healthy"
    return world


def test_who_logs_in_to_a_static_machine_is_changed_without_touching_it() -> None:
    world = racked(static(), "10.9.9.9")
    mark = reload(world, static(monitor=MonitorPlan(user="ada", port=2222, host_key="ssh-ed25519 AAAA", silence=60.0)))
    assert world.did(mark) == []
    instance = world.state.assemblies["rack"].instance
    assert instance is not None
    assert (instance.user, instance.port, instance.host_key) == ("ada", 2222, "ssh-ed25519 AAAA")
    assert world.word() == "healthy"


def test_a_static_machine_at_another_address_is_let_go_and_the_other_taken_up() -> None:
    world = racked(static(), "10.9.9.9", "10.9.9.10")
    mark = reload(world, static(address="10.9.9.10"))
    assert world.did(mark) == ["StopResources rack", "StartResources rack"]
    instance = world.state.assemblies["rack"].instance
    assert instance is not None
    assert instance.address == "10.9.9.10"
    assert world.word() == "healthy"

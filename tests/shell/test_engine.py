"""The loop of one deployable: what is ordered is durable before it is done, and what a dead controller left is done once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from dpe.policy.summary import deployable_word
from dpe.shell.engine import Engine
from dpe.shell.facts import Fact
from dpe.shell.inbox import REPEATABLE, ROOM
from dpe.shell.watching import probe_fact
from pcloud.errors import RefusedError, StoreError
from pcloud.model.events import ContactBlurred
from pcloud.model.plan import AssemblyPlan, Check, DeployablePlan, HttpCheck, ProcessAgent, RecoverySettings, ResourcePlan, Secret
from pcloud.model.ports import ProbeSeen
from pcloud.model.words import Desired, Origin, Rung, Verdict
from tests.shell.guards import overseer
from tests.shell.stage import PASSWORD, Puppet, Stage, until

SITE = Check("http", HttpCheck("http://${db.address}/"), origin=Origin.CONTROLLER)
DB = AssemblyPlan(
    "db",
    "lab",
    image="host",
    secrets=(Secret("PASSWORD", env="PASSWORD"),),
    resources=(ResourcePlan("mysqld", ProcessAgent("mysqld"), (SITE,)),),
    recovery=RecoverySettings(allow=Rung.RELAUNCH),
)
SHOP = DeployablePlan("shop", ("lab",), (DB,))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, SHOP)


async def test_a_machine_is_launched_watched_and_its_services_started(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        assert stage.cloud.asked == ["create shop-db-1"]
        assert stage.puppets["db"].done == ["start mysqld"]
        assert stage.puppets["db"].runs
    assert not stage.puppets["db"].runs, "its agent ends with it"
    assert list(stage.cloud.nodes) == ["lab-1"], "and the machine does not"


async def test_nothing_is_done_before_the_order_is_durable(stage: Stage) -> None:
    stage.journal.delay = 5.0
    async with stage.engine() as engine:
        engine.ask(Desired.RUNNING)
        await asyncio.sleep(4.9)
        assert stage.cloud.asked == []
        await engine.taken_in()
        await until(lambda: stage.cloud.asked == ["create shop-db-1"])


async def test_what_may_or_may_not_be_recorded_is_not_done_and_ends_the_engine(stage: Stage) -> None:
    stage.journal.broken = True
    engine = Engine(SHOP, None, stage.around)
    engine.ask(Desired.RUNNING)
    with pytest.raises(StoreError, match="the disk is broken"):
        await engine.run()
    assert stage.cloud.asked == []


async def test_a_launch_that_a_dead_controller_asked_for_is_not_asked_for_again(stage: Stage) -> None:
    stage.cloud.late = 8.0
    async with stage.engine() as engine:
        engine.ask(Desired.RUNNING)
        await until(lambda: stage.cloud.asked == ["create shop-db-1"])
    assert stage.journal.stored is not None
    assert stage.journal.stored.state.assemblies["db"].instance is None
    async with stage.engine() as engine:
        await stage.up(engine)
    assert stage.cloud.asked == ["create shop-db-1"]
    assert list(stage.cloud.nodes) == ["lab-1"]


@pytest.mark.parametrize(("boot_id", "times"), [("second", 1), ("first", 2)])
async def test_a_reboot_that_a_dead_controller_asked_for_is_asked_for_again_only_if_it_was_not_done(
    stage: Stage, boot_id: str, times: int
) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.cloud.patience = 1000.0
        engine.ask_recovery(Rung.REBOOT, "db")
        await until(lambda: reboots(stage) == 1)
    stage.cloud.patience = 0.0
    async with stage.engine() as engine:
        await asyncio.sleep(5.0)
        assert reboots(stage) == 1, "it waits for contact first"
        stage.puppets["db"].connects(boot_id)
        await until(lambda: engine.state.assemblies["db"].action is None or reboots(stage) == times)
        await asyncio.sleep(20.0)
    assert reboots(stage) == times


async def test_a_machine_that_was_replaced_is_watched_by_an_agent_of_its_own_at_its_own_address(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        first = stage.puppets["db"]
        assert address_in(first) == "http://10.0.0.1/"
        engine.ask_recovery(Rung.RELAUNCH, "db")
        await engine.taken_in()
        await stage.up(engine)
        second = stage.puppets["db"]
        assert (second.instance.generation, address_in(second)) == (2, "http://10.0.0.2/")
        assert (first.runs, second.runs) == (False, True)


async def test_the_guards_of_a_controller_that_starts_learn_what_was_relaunched_before(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        engine.ask_recovery(Rung.RELAUNCH, "db")
        await engine.taken_in()
        await stage.up(engine)
    guards = overseer()
    stage.around = replace(stage.around, guards=guards)
    with guards.gathering():
        async with stage.engine() as engine:
            await engine.taken_in()
            assert [each.load for each in guards.oversight.regions["lab"].relaunches.values()] == [1]


async def test_what_an_agent_of_an_old_machine_says_is_not_believed(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        first = stage.puppets["db"]
        engine.ask_recovery(Rung.RELAUNCH, "db")
        await engine.taken_in()
        await stage.up(engine)
        before = len(stage.journal.reports)
        first.finds(Verdict.FAILED, "not running")
        first.loses_sight()
        await engine.taken_in()
        assert deployable_word(engine.state) == "healthy"
        assert stage.journal.reports[before:] == []


async def test_a_secret_that_a_machine_prints_is_neither_in_the_state_nor_in_the_journal(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.puppets["db"].finds(Verdict.FAILED, f"cannot log in with {PASSWORD}")
        await engine.taken_in()
        assert "cannot log in with ***" in str(stage.journal.reports)
        assert PASSWORD not in str(stage.journal.reports) + str(stage.journal.stored)


async def test_probes_that_were_lost_in_a_flood_are_asked_for_again(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        puppet = stage.puppets["db"]
        asked = puppet.asked
        for _ in range(ROOM):
            puppet.finds(Verdict.PASSED)
        assert puppet.asked == asked
        await engine.taken_in()
        assert puppet.asked == asked + 1
        assert deployable_word(engine.state) == "healthy"


async def test_operators_are_told_when_there_is_no_room_for_what_they_say(stage: Stage) -> None:
    engine = Engine(SHOP, None, stage.around)
    for _ in range(REPEATABLE - 1):  # beside its plan
        engine.ask(Desired.RUNNING)
    with pytest.raises(RefusedError, match="1500 facts wait to be decided upon already"):
        engine.ask(Desired.RUNNING)
    assert engine.load.waiting == REPEATABLE


async def test_what_is_said_once_only_has_room_that_neither_probes_nor_words_can_take(stage: Stage) -> None:
    engine = Engine(SHOP, None, stage.around)
    once = Fact(ContactBlurred, assembly="db", generation=1, reason="host key")
    probed = probe_fact("db", 1, ProbeSeen("mysqld", "", Verdict.PASSED, ""))
    for _ in range(ROOM):
        engine.post(probed)
    assert engine.load.waiting == REPEATABLE
    for _ in range(ROOM - REPEATABLE):
        engine.post(once)
    engine.post(probed)
    assert engine.load.waiting == engine.load.room == ROOM
    with pytest.raises(asyncio.QueueFull):  # and its keeper starts it anew
        engine.post(once)


async def test_what_cannot_be_done_by_hand_is_refused_at_once(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        with pytest.raises(RefusedError, match="db has no resource nobody"):
            engine.ask_recovery(Rung.RESTART, "db", "nobody")


def reboots(stage: Stage) -> int:
    return stage.cloud.asked.count("reboot lab-1")


def address_in(puppet: Puppet) -> str:
    """The URL that an agent was told to look at."""
    assert puppet.plan is not None
    (check,) = puppet.plan.resources[0].checks
    assert isinstance(check.what, HttpCheck)
    return check.what.url

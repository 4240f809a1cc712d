"""Actions with an id, over a real link: done once whatever breaks, one at a time on one resource, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import stat

import pytest

from agents.ssh import SshAgent
from pcloud.model.plan import ResourcePlan, ScriptAgent
from pcloud.model.ports import ContactSeen, Outcome
from tests.agents.machine import Machine
from tests.agents.processes import send, until
from tests.agents.sightings import Sightings, plan, watching

pytestmark = pytest.mark.real


def counted(machine: Machine, after: str) -> str:
    """A script that counts its beginnings in the file ``count``, and then does something."""
    return f"echo begun >>{machine.root}/count; {after}"


def held(machine: Machine) -> str:
    """A script that goes on until the file ``hold`` is gone, which it makes."""
    return f"touch {machine.root}/hold; while [ -e {machine.root}/hold ]; do sleep 0.1; done"


def beginnings(machine: Machine) -> int:
    count = machine.root / "count"
    return len(count.read_text().splitlines()) if count.exists() else 0


def runs(machine: Machine, mark: str) -> list[int]:
    return [pid for pid, command in machine.left().items() if mark in command]


async def cut(machine: Machine, sightings: Sightings) -> None:
    """Kill the sessions, and wait until the agent has a new one."""
    so_far = len(sightings.all)
    for pid in machine.sshd_processes()[1:]:
        send(pid, signal.SIGKILL)
    await sightings.first(ContactSeen, after=so_far)


def execute(agent: SshAgent, script: str, action_id: str, timeout: float = 30.0) -> asyncio.Task[Outcome]:
    return asyncio.create_task(agent.execute(script, {}, timeout, action_id), name=f"action {action_id}")


async def test_a_start_whose_connection_breaks_goes_on_and_its_result_is_found_afterwards(machine: Machine) -> None:
    flag = machine.root / "flag"
    service = ResourcePlan("svc", ScriptAgent(counted(machine, f"{held(machine)}; touch {flag}"), "true", f"[ -e {flag} ] || exit 7"))
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        first = asyncio.create_task(agent.start(service, {}, "c.shop.1.start"), name="the first")
        await until((machine.root / "hold").exists)
        await cut(machine, sightings)
        assert (await first).lost
        again = asyncio.create_task(agent.start(service, {}, "c.shop.1.start"), name="asked about")
        await until(lambda: list((machine.root / "run/pcloud/actions").glob("*/claim.*")))
        assert not flag.exists()
        (machine.root / "hold").unlink()
        assert (await again).ok
        assert flag.exists()
        assert (await agent.start(service, {}, "c.shop.1.start")).ok
    assert beginnings(machine) == 1


async def test_the_result_that_is_found_is_that_of_the_first_time(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        script = counted(machine, 'echo "no $THING" >&2; exit 28')
        first = await agent.execute(script, {"THING": "database"}, 10, "c.shop.2")
        assert first == Outcome(28, "no database (exit status 28)", "no database\n")
        assert await agent.execute(script, {"THING": "else"}, 10, "c.shop.2") == first
        assert beginnings(machine) == 1
        assert (await agent.execute(script, {"THING": "third"}, 10, "c.shop.3")).output == "no third\n"


async def test_a_scripts_variables_may_be_called_like_those_of_the_program(machine: Machine) -> None:
    names = ("block", "given", "id", "interpreter", "limit", "lock", "mask", "mine", "output", "own", "place", "record", "root", "script")
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        environment = {name: f"a value of {name}" for name in names}
        for action_id in ("c.shop.20", ""):
            ran = await agent.execute("".join(f'echo "${name}"\n' for name in names), environment, 10, action_id)
            assert ran.output.splitlines() == list(environment.values())


async def test_two_on_one_resource_run_one_after_the_other(machine: Machine) -> None:
    log = machine.root / "log"
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        both = [execute(agent, f"echo in >>{log}; sleep 1; echo out >>{log}", f"c.shop.{number}") for number in range(2)]
        assert all(outcome.ok for outcome in await asyncio.gather(*both))
    assert log.read_text().split() == ["in", "out", "in", "out"]


async def test_who_waits_too_long_is_told_who_holds_it_and_another_resource_does_not_wait(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        first = execute(agent, "sleep 1041", "c.shop.4")
        await until(lambda: runs(machine, "1041"))
        assert await agent.execute("true", {}, 3.0, "d.blog.9") == Outcome(None, "not begun within 3s: c.shop.4 has not ended")
        other = ResourcePlan("other", ScriptAgent("true", "true", "exit 7"))
        assert (await agent.start(other, {}, "c.shop.5")).ok
        agent.give_up("c.shop.4")
        assert await first == Outcome(None, "ended before it was done: it had been given up")
        assert not runs(machine, "1041")
        assert (await agent.execute("true", {}, 10.0, "d.blog.10")).ok


async def test_one_that_waits_for_its_turn_when_the_connection_breaks_never_begins(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        first = execute(agent, held(machine), "c.shop.6")
        await until((machine.root / "hold").exists)
        second = execute(agent, counted(machine, "true"), "c.shop.7")
        await until(lambda: list((machine.root / "run/pcloud/actions").glob("*/claim.*")))
        await cut(machine, sightings)
        assert (await first).lost
        assert (await second).lost
        (machine.root / "hold").unlink()
        assert (await agent.execute("true", {}, 30.0, "c.shop.6")).ok
        await until(lambda: not list((machine.root / "run/pcloud/actions").glob("*/claim.*")))
        assert (await agent.execute("true", {}, 30.0, "c.shop.8")).ok
    assert beginnings(machine) == 0


async def test_a_lock_of_the_dead_is_none_and_what_they_have_left_running_is_ended(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        first = execute(agent, "trap '' TERM; sleep 1043", "c.shop.11")
        await until(lambda: runs(machine, "1043"))
        lock = await until(lambda: list((machine.root / "run/pcloud/actions").glob("*/lock.script.*")))
        keeper = await until(lambda: lock[0].read_text().count("\n") == 2 and int(lock[0].read_text().split()[0]))
        send(keeper, signal.SIGKILL)
        assert (await agent.execute("true", {}, 30.0, "c.shop.12")).ok
        await until(lambda: not runs(machine, "1043"))
        first.cancel()
        await asyncio.wait({first})


async def test_after_a_reboot_nothing_is_known_of_what_was_done_before(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute(counted(machine, "true"), {}, 10, "c.shop.13")).ok
        machine.kill()
        (machine.root / "run/boot_id").write_text("6d1c9e5e-0000-4000-8000-000000000002\n")
        so_far = len(sightings.all)
        machine.start()
        await sightings.first(ContactSeen, after=so_far)
        assert (await agent.execute(counted(machine, "true"), {}, 10, "c.shop.13")).ok
    assert beginnings(machine) == 2
    assert len(list((machine.root / "run/pcloud/actions").iterdir())) == 1


async def test_what_takes_too_long_is_ended_whatever_sessions_its_children_are_in(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        script = "echo begun; (setsid sleep 1044; :) & setsid sh -c 'trap \"\" TERM; sleep 1044; :' & wait"
        first = execute(agent, script, "c.shop.14", 6.0)
        await until(lambda: len(runs(machine, "sleep 1044")) > 2)
        await cut(machine, sightings)
        assert (await first).lost
        assert await agent.execute(script, {}, 6.0, "c.shop.14") == Outcome(None, "timed out after 6s", "begun\n")
        await until(lambda: not runs(machine, "1044"))


async def test_what_is_kept_is_for_its_owner_alone_and_not_for_ever(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute('echo "$PASSWORD"', {"PASSWORD": "xyzzy-plugh"}, 10, "c/1 &.shop.15")).output == "xyzzy-plugh\n"
        house = machine.root / "run/pcloud/actions"
        kept = await until(lambda: sorted(each for each in house.rglob("*") if each.is_file() and "output" not in each.name))
        assert [each.name for each in kept] == ["done.c%2f%1%20%%26%.shop.15", "lock.script.1"]
        assert {stat.S_IMODE(each.stat().st_mode) for each in [house, *house.iterdir()]} == {0o700}
        assert {stat.S_IMODE(each.stat().st_mode) for each in kept} == {0o600}
        os.utime(kept[0], (0, 0))
        assert (await agent.execute("true; umask", {}, 10, "c.shop.16")).output != "0077\n"
        await until(lambda: not kept[0].exists())
        await until(lambda: sorted(each.name for each in house.rglob("*.*")) == ["done.c.shop.16", "lock.script.2"])


async def test_a_daemon_that_holds_the_output_open_holds_neither_result_nor_lock(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("sleep 1045 & echo started", {}, 60, "c.shop.17")).ok
        assert (await agent.execute("true", {}, 60, "c.shop.17")).ok
        assert (await agent.execute("true", {}, 60, "c.shop.18")).ok
        for pid in runs(machine, "1045"):
            send(pid, signal.SIGKILL)


async def test_where_its_usual_place_cannot_be_it_has_another_and_without_any_it_acts_all_the_same(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        (machine.root / "run/pcloud").write_text("a file")
        assert (await agent.execute(counted(machine, "true"), {}, 10, "c.shop.19")).ok
        assert (await agent.execute(counted(machine, "true"), {}, 10, "c.shop.19")).ok
        assert beginnings(machine) == 1
        other = (machine.root / "tmp").rename(machine.root / "other")
        (machine.root / "tmp").write_text("a file")
        assert (await agent.execute(counted(machine, "echo done"), {}, 10, "c.shop.19")).output == "done\n"
        assert beginnings(machine) == 2
        assert other.exists()

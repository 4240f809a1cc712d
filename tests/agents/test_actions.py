"""Actions over a real link: outcomes, bounds, secrets, and the agents that start and stop services."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pcloud.model.plan import ProcessAgent, ResourcePlan, ScriptAgent
from pcloud.model.ports import ContactMissed, ContactSeen, Outcome
from pcloud.model.words import Verdict
from tests.agents.machine import Machine
from tests.agents.processes import marked, send, until
from tests.agents.sightings import plan, watching

pytestmark = pytest.mark.real


def ignored_signals(pid: int) -> set[int]:
    mask = re.search(r"^SigIgn:\s+(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return {number + 1 for number in range(64) if mask is not None and int(mask[1], 16) >> number & 1}


async def test_a_script_gets_its_environment_and_its_output_comes_back(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        odd = 'it\'s "odd" $(touch x) `y` \\n\nand long'
        ran = await agent.execute('printf "%s|%s" "$ODD" "$PCLOUD_ADDRESS"; read -r line || echo "|no stdin"', {"ODD": odd}, 10)
        assert ran == Outcome(0, "", f"{odd}|{machine.address}|no stdin\n")


async def test_a_failing_script_is_told_by_its_last_line(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        ran = await agent.execute("echo one; echo the disk is full >&2; exit 28", {}, 10)
        assert (ran.status, ran.reason) == (28, "the disk is full (exit status 28)")


async def test_only_the_end_of_much_output_comes_back(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        ran = await agent.execute("head -c 5000000 /dev/zero | tr '\\000' x; echo; echo end", {}, 30)
        assert ran.ok
        assert ran.output.endswith("x\nend\n")
        assert len(ran.output) <= 2000


async def test_a_script_in_another_language_is_read_by_its_interpreter(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("#!/bin/bash -e\na=(1 2 3)\nfalse || echo ${#a[@]}\nfalse\necho never", {}, 10)).output == "3\n"
        assert (await agent.execute("#!/usr/bin/env python3\nimport os\nprint(os.environ['A'])", {"A": "b"}, 20)).output == "b\n"


async def test_a_script_of_a_quarter_megabyte_runs(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        ran = await agent.execute("# " + "x" * 250_000 + "\necho done", {}, 30)
        assert ran.output == "done\n"


async def test_an_action_that_takes_too_long_is_killed_with_all_its_children(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        ran = await agent.execute("echo begun; trap '' TERM; (sleep 1021; :) & sleep 1021; echo ended", {}, 3)
        assert ran == Outcome(None, "timed out after 3s", "begun\n")
        await until(lambda: not any("1021" in command for command in machine.left().values()))


async def test_an_action_whose_connection_breaks_ends_in_the_machine_too(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        acting = asyncio.create_task(agent.execute("sleep 1022", {}, 60), name="action under test")
        await until(lambda: any("1022" in command for command in machine.left().values()))
        for pid in machine.sshd_processes()[1:]:
            send(pid, signal.SIGKILL)
        outcome = await acting
        assert outcome.status is None
        assert "connection broke" in outcome.reason
        await until(lambda: not any("1022" in command for command in machine.left().values()))


async def test_a_cancelled_action_ends_in_the_machine_too(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        acting = asyncio.create_task(agent.execute("sleep 1023", {}, 60), name="action under test")
        await until(lambda: any("1023" in command for command in machine.left().values()))
        acting.cancel()
        await asyncio.wait({acting})
        await until(lambda: not any("1023" in command for command in machine.left().values()))


async def test_a_daemon_that_holds_the_output_open_does_not_hold_the_action(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("sleep 1024 & echo started", {}, 60)).ok
        daemon = next(pid for pid, command in machine.left().items() if "1024" in command)
        send(daemon, signal.SIGKILL)


async def test_secrets_stand_in_no_argument_and_no_file(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        script = "echo ${#PASSWORD}; sleep 1025"
        acting = asyncio.create_task(agent.execute(script, {"PASSWORD": "xyzzy-plugh"}, 60), name="action under test")
        await until(lambda: any("1025" in command for command in machine.left().values()))
        assert not any("xyzzy" in command for command in machine.left().values())
        assert not any("xyzzy" in path.read_text(errors="replace") for path in machine.root.rglob("*") if path.is_file())
        acting.cancel()
        await asyncio.wait({acting})


async def test_without_a_connection_an_action_says_so_at_once(stopped_machine: Machine) -> None:
    async with watching(stopped_machine, plan()) as (agent, sightings):
        await sightings.first(ContactMissed)
        assert await agent.execute("true", {}, 60) == Outcome(None, "not connected: connection refused", lost=True)


async def test_a_kept_process_starts_once_runs_on_and_stops_with_its_group(machine: Machine) -> None:
    worker = ResourcePlan("worker", ProcessAgent('(sleep 1026; :) & echo "$GREETING from $(pwd)"; exec sleep "$SECONDS_TO_SLEEP"'))
    environment = {"GREETING": "hello", "SECONDS_TO_SLEEP": "1027"}
    async with watching(machine, plan(worker)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.running(worker) is Verdict.FAILED
        assert await agent.start(worker, environment) == Outcome(0)
        assert await agent.start(worker, environment) == Outcome(0)
        assert await agent.running(worker) is Verdict.PASSED
        assert sum("sleep 1027" in command for command in machine.left().values()) == 1
        log = machine.root / "var/log/pcloud/worker.log"
        await until(lambda: log.read_text() == f"hello from {machine.root}\n")
    await until(lambda: all("sleep" in command for command in machine.left().values()))  # our connection is gone, it is not
    async with watching(machine, plan(worker)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.running(worker) is Verdict.PASSED
        assert await agent.stop(worker, {}) == Outcome(0)
        assert not any("1026" in command or "1027" in command for command in machine.left().values())
        assert await agent.stop(worker, {}) == Outcome(0)
        assert await agent.running(worker) is Verdict.FAILED


async def test_a_process_that_ignores_sigterm_or_is_stopped_is_killed_in_time(machine: Machine) -> None:
    worker = ResourcePlan("worker", ProcessAgent("trap '' TERM; while :; do sleep 1028; done"), action_timeout=16.0)
    async with watching(machine, plan(worker)) as (agent, sightings):
        await sightings.first(ContactSeen)
        await agent.start(worker, {})
        pid = int((machine.root / "run/pcloud/worker.pid").read_text().split()[0])
        send(pid, signal.SIGSTOP)
        assert (await agent.stop(worker, {})).ok
        assert not any("1028" in command for command in machine.left().values())


async def test_a_pid_that_was_given_to_another_process_is_not_believed(machine: Machine) -> None:
    worker = ResourcePlan("worker", ProcessAgent("exec sleep 1029"))
    async with watching(machine, plan(worker)) as (agent, sightings):
        await sightings.first(ContactSeen)
        await agent.start(worker, {})
        record = machine.root / "run/pcloud/worker.pid"
        pid, born = record.read_text().split()
        record.write_text(f"{pid} {int(born) - 1}\n")
        assert await agent.running(worker) is Verdict.FAILED
        assert (await agent.stop(worker, {})).ok
        assert int(pid) in machine.left()
        send(int(pid), signal.SIGKILL)


async def test_children_that_outlive_a_killed_process_are_ended_before_it_is_started_again(machine: Machine) -> None:
    worker = ResourcePlan("worker", ProcessAgent("sleep 1030 & exec sleep 1031"))
    async with watching(machine, plan(worker)) as (agent, sightings):
        await sightings.first(ContactSeen)
        await agent.start(worker, {})
        send(int((machine.root / "run/pcloud/worker.pid").read_text().split()[0]), signal.SIGKILL)
        assert await agent.running(worker) is Verdict.FAILED
        assert (await agent.start(worker, {})).ok
        await until(lambda: sum("1030" in command for command in machine.left().values()) == 1)
        assert (await agent.stop(worker, {})).ok


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a process as another user")
async def test_a_process_runs_as_its_user_in_its_directory_and_takes_signals(machine: Machine) -> None:
    worker = ResourcePlan("worker", ProcessAgent("id -un; pwd; exec sleep 1032", user="nobody", directory="/usr/share"))
    async with watching(machine, plan(worker)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.start(worker, {})).ok
        log = machine.root / "var/log/pcloud/worker.log"
        await until(lambda: log.read_text() == "nobody\n/usr/share\n")
        assert not ignored_signals(int((machine.root / "run/pcloud/worker.pid").read_text().split()[0])) & {signal.SIGINT, signal.SIGQUIT}
        assert (await agent.stop(worker, {})).ok


async def test_a_script_agent_starts_and_stops_by_its_commands(machine: Machine) -> None:
    flag = machine.root / "flag"
    service = ResourcePlan("svc", ScriptAgent(f"touch {flag}; sleep 1033 &", f"rm {flag}", f"[ -e {flag} ] || exit 7"))
    async with watching(machine, plan(service)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.start(service, {})).ok
        assert await agent.running(service) is Verdict.PASSED
        assert (await agent.stop(service, {})).ok
        assert await agent.running(service) is Verdict.FAILED
        assert (await agent.stop(service, {})).ok  # there is nothing to stop
        unstoppable = replace(service, agent=ScriptAgent("true", f"rm {flag}", "true"))
        assert "cannot remove" in (await agent.stop(unstoppable, {})).reason
        for pid, command in marked(machine.marker).items():
            if "1033" in command:
                send(pid, signal.SIGKILL)


async def test_a_resource_that_is_a_check_alone_has_nothing_to_do(machine: Machine) -> None:
    async with watching(machine, plan()) as (agent, _):
        site = ResourcePlan("site", None)
        assert (await agent.start(site, {})).ok
        assert (await agent.stop(site, {})).ok
        assert await agent.running(site) is Verdict.PASSED

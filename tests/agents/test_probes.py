"""Probes over a real link: what they report of processes, ports, pages and commands."""

from __future__ import annotations

import shutil
import signal

import pytest

from agents.probes import inside_probes
from pcloud.model.plan import Check, CommandCheck, HttpCheck, ProcessAgent, ResourcePlan, ScriptAgent, TcpCheck
from pcloud.model.ports import ContactSeen
from pcloud.model.words import Verdict
from tests.agents.machine import Machine, free_port
from tests.agents.processes import marked, send
from tests.agents.services import page, serving
from tests.agents.sightings import plan, watching

pytestmark = pytest.mark.real


def checked(*what: TcpCheck | HttpCheck | CommandCheck, timeout: float = 5.0) -> ResourcePlan:
    checks = tuple(Check(str(index), one, interval=0.2, timeout=timeout) for index, one in enumerate(what))
    return ResourcePlan("site", None, checks)


async def test_a_killed_process_is_hard_evidence_and_says_its_last_words(machine: Machine) -> None:
    worker = ResourcePlan("worker", ProcessAgent("echo about to work; exec sleep 1011"), interval=0.2)
    async with watching(machine, plan(worker)) as (agent, sightings):
        await sightings.probe(Verdict.FAILED, "worker")
        assert (await agent.start(worker, {})).ok
        await sightings.probe(Verdict.PASSED, "worker", key="")
        so_far = len(sightings.all)
        for pid, command in marked(machine.marker).items():
            if command.startswith("sleep 1011"):
                send(pid, signal.SIGKILL)
        failed = await sightings.probe(Verdict.FAILED, "worker", after=so_far)
        assert failed.reason == "not running (last output: about to work)"


async def test_a_port_that_closes_for_a_while_is_missed_and_then_passes(machine: Machine) -> None:
    port = free_port(machine.address)
    async with watching(machine, plan(checked(TcpCheck(port)))) as (_, sightings):
        missed = await sightings.probe(Verdict.MISSED)
        assert "Connection refused" in missed.reason
        async with serving(machine.address, b"", port=port, hold=True):
            await sightings.probe(Verdict.PASSED)
            so_far = len(sightings.all)
        await sightings.probe(Verdict.MISSED, after=so_far)
        so_far = len(sightings.all)
        async with serving(machine.address, b"", port=port, hold=True):
            await sightings.probe(Verdict.PASSED, after=so_far)


async def test_a_page_must_have_its_status_and_its_words(machine: Machine) -> None:
    async with serving(machine.address, page("<title>Shop</title>")) as port, serving(machine.address, page("", "500 No")) as broken:
        site = checked(
            HttpCheck(f"http://{machine.address}:{port}/a?b=c&d", 200, "<title>Shop"),
            HttpCheck(f"http://{machine.address}:{port}/", 200, 'it\'s "another" $(page)'),
            HttpCheck(f"http://{machine.address}:{broken}/", 200),
            HttpCheck(f"http://{machine.address}:{free_port(machine.address)}/", 200),
            HttpCheck(f"http://{machine.address}:{port}/", 200, "Content-Type"),
        )
        async with watching(machine, plan(site)) as (_, sightings):
            await sightings.probe(Verdict.PASSED, key="0")
            assert (await sightings.probe(Verdict.MISSED, key="1")).reason.startswith("the answer lacks: it's")
            assert (await sightings.probe(Verdict.MISSED, key="2")).reason == "status 500 instead of 200"
            assert (await sightings.probe(Verdict.MISSED, key="3")).reason.startswith("no answer")
            assert (await sightings.probe(Verdict.MISSED, key="4")).reason == "the answer lacks: Content-Type"  # that is in the headers


@pytest.mark.parametrize("tool", ["curl", "bash", "wget"])
async def test_each_way_to_fetch_a_page_and_to_try_a_port_agrees(machine: Machine, tool: str) -> None:
    """The snippets themselves, in a machine that has this tool and no other."""
    place = machine.root / "tools"
    place.mkdir()
    for name in ("sh", "head", "tr", "cat", "sed", tool):
        (place / name).symlink_to(str(shutil.which(name)))
    async with serving(machine.address, page("<title>Shop</title>")) as port, serving(machine.address, page("", "404 No")) as broken:
        wanted: list[tuple[HttpCheck | TcpCheck, str]] = [
            (HttpCheck(f"http://{machine.address}:{port}/", 200, "Shop"), "0"),
            (HttpCheck(f"http://{machine.address}:{port}/", 200, "Shoes"), "1"),
            (HttpCheck(f"http://{machine.address}:{broken}/", 404), "0"),
            (HttpCheck(f"http://{machine.address}:{free_port(machine.address)}/", 200), "1"),
        ]
        if tool != "wget":
            wanted += [(TcpCheck(port), "0"), (TcpCheck(free_port(machine.address)), "1")]
        async with watching(machine, plan()) as (agent, sightings):
            await sightings.first(ContactSeen)
            for what, status in wanted:
                snippet = inside_probes(plan(checked(what)))[0].snippet
                ran = await agent.execute(f"PATH={place}\n{snippet}", {}, 10)
                assert (str(ran.status), what) == (status, what), ran


async def test_without_any_tool_a_check_is_unknown_and_says_what_to_install(machine: Machine) -> None:
    place = machine.root / "tools"
    place.mkdir()
    for name in ("head", "tr", "cat", "sed"):
        (place / name).symlink_to(f"/usr/bin/{name}")
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        for what in (TcpCheck(1), HttpCheck("http://127.0.0.1:1/")):
            snippet = inside_probes(plan(checked(what)))[0].snippet
            ran = await agent.execute(f"PATH={place}\n{snippet}", {}, 10)
            assert ran.status == 97
            assert "install" in ran.reason


async def test_commands_are_judged_by_their_exit_status(machine: Machine) -> None:
    site = checked(
        CommandCheck("echo refused; exit 7"),
        CommandCheck("no-such-command-here"),
        CommandCheck("echo hanging; sleep 1012"),
        CommandCheck("true"),
        timeout=3.0,
    )
    async with watching(machine, plan(site)) as (_, sightings):
        assert (await sightings.probe(Verdict.MISSED, key="0")).reason == "exit status 7: refused"
        assert "no-such-command-here" in (await sightings.probe(Verdict.UNKNOWN, key="1")).reason
        assert (await sightings.probe(Verdict.MISSED, key="2")).reason == "timed out after 3s: hanging"
        assert (await sightings.probe(Verdict.PASSED, key="3")).reason == ""


async def test_a_script_agent_says_7_for_hard_evidence_and_anything_else_is_soft(machine: Machine) -> None:
    state = machine.root / "state"
    state.write_text("7")
    service = ResourcePlan("svc", ScriptAgent("true", "true", f"exit $(cat {state})"), interval=0.2)
    async with watching(machine, plan(service)) as (_, sightings):
        await sightings.probe(Verdict.FAILED)
        state.write_text("96")  # means pending only from our own snippets
        await sightings.probe(Verdict.MISSED)
        state.write_text("0")
        await sightings.probe(Verdict.PASSED)


async def test_asked_again_every_probe_reports_once_more(machine: Machine) -> None:
    async with watching(machine, plan(checked(CommandCheck("true"), CommandCheck("true")))) as (agent, sightings):
        await sightings.probe(Verdict.PASSED, key="0")
        await sightings.probe(Verdict.PASSED, key="1")
        so_far = len(sightings.all)
        agent.probe_again()
        await sightings.probe(Verdict.PASSED, key="0", after=so_far)
        await sightings.probe(Verdict.PASSED, key="1", after=so_far)


async def test_a_new_plan_is_watched_at_once_and_the_old_one_no_longer(machine: Machine) -> None:
    async with watching(machine, plan(checked(CommandCheck("exit 1")))) as (agent, sightings):
        await sightings.probe(Verdict.MISSED)
        agent.watch(plan(ResourcePlan("other", None, (Check("c", CommandCheck("true")),))))
        so_far = len(sightings.all)
        await sightings.probe(Verdict.PASSED, "other")
        assert {seen.resource for seen in sightings.all[so_far:]} == {"other"}  # type: ignore[union-attr]


async def test_what_is_checked_stands_in_no_argument(machine: Machine) -> None:
    async with watching(machine, plan(checked(CommandCheck(": hidden-words; sleep 1013")))) as (_, sightings):
        await sightings.first(ContactSeen)
        assert not any("hidden-words" in command for command in machine.left().values())

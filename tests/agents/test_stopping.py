"""A watcher that is ended says whether the machine is going down: under each shell, on a real machine with systemd."""

from __future__ import annotations

import asyncio
import queue
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.watcher.protocol import Beat, Line, Stopping
from pcloud.model.ports import ContactMissed, ContactSeen, StoppingSeen
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.agents.processes import kill_marked, marked, until_now
from tests.agents.shells import SHELLS, Watcher, commands, install_shell, run_watcher, words
from tests.agents.sightings import plan, running_agent


def said(watcher: Watcher) -> list[Line]:
    """All that it said until it ended, besides that it lives."""
    watcher.process.wait(20)
    watcher._reader.join(10)
    lines = []
    while True:
        try:
            lines.append(watcher._lines.get_nowait())
        except queue.Empty:
            return [line for line in lines if line != Beat()]


@pytest.mark.real
@pytest.mark.parametrize("shell", SHELLS)
class TestUnderEachShell:
    @pytest.fixture
    def marker(self, tmp_path: Path) -> Iterator[str]:
        root = tmp_path / "root"
        (root / "run").mkdir(parents=True)
        (root / "run/boot_id").write_text("one\n")
        marker = f"PCLOUD_ROOT={root}"
        try:
            yield marker
        finally:
            kill_marked(marker)

    @pytest.fixture
    def watcher(self, shell: str, tmp_path: Path, marker: str) -> Iterator[Watcher]:
        program, path = install_shell(shell, tmp_path / "bin")
        with run_watcher(program, path, marker) as watcher:
            watcher.say(words(commands("sleep 1008", timeout=60)))
            assert watcher.line() == Beat()
            yield watcher

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_it_says_so_when_the_machine_goes_down(self, watcher: Watcher, marker: str, tmp_path: Path, number: int) -> None:
        (tmp_path / "root/run/stopping").touch()
        watcher.process.send_signal(number)
        assert said(watcher) == [Stopping()]
        until_now(lambda: not marked(marker))

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_it_says_nothing_when_its_session_alone_is_ended(self, watcher: Watcher, marker: str, number: int) -> None:
        watcher.process.send_signal(number)
        assert said(watcher) == []
        until_now(lambda: not marked(marker))

    def test_it_says_nothing_when_the_controller_leaves(self, watcher: Watcher, tmp_path: Path) -> None:
        (tmp_path / "root/run/stopping").touch()
        watcher.close_stdin()
        assert said(watcher) == []

    @pytest.mark.parametrize("state", ["stopping", "running"])
    def test_without_a_root_of_ours_systemd_is_asked(self, shell: str, tmp_path: Path, state: str) -> None:
        program, path = install_shell(shell, tmp_path / "bin2")
        tools = tmp_path / "tools"
        tools.mkdir()
        (tools / "systemctl").write_text(f"#!/bin/sh\n[ $1 = is-system-running ] && echo {state}\n")
        (tools / "systemctl").chmod(0o755)
        with run_watcher(program, f"{tools}:{path}", f"WATCHER_TEST={tmp_path}") as watcher:
            watcher.process.send_signal(signal.SIGTERM)
            assert said(watcher) == ([Stopping()] if state == "stopping" else [])


# On a machine with systemd

SYSTEMD = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

ATTENDED = """
until grep -q dbus-monitor /proc/[0-9]*/comm && systemd-inhibit --list | grep -q pcloud; do sleep 0.1; done 2>/dev/null
"""
"""Returns when the machine would tell the watcher, and wait for it."""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[SystemdMachine]:
    with systemd_machine(tmp_path) as machine:
        yield machine


class TestWithSystemd:
    pytestmark = SYSTEMD

    @pytest.mark.parametrize(("user", "command"), [("root", "systemctl poweroff"), ("sudoer", "shutdown -r now")])
    async def test_an_orderly_end_is_told_once(self, machine: SystemdMachine, user: str, command: str) -> None:
        async with running_agent(machine.instance(user), str(machine.client_key), plan()) as (agent, sightings):
            await sightings.first(ContactSeen)
            assert (await agent.execute(ATTENDED, {}, 30)).ok
            seen = len(sightings.all)
            await asyncio.to_thread(machine.run, command)
            await sightings.first(ContactMissed, after=seen)
            assert len(sightings.of(StoppingSeen)) == 1

    async def test_the_end_of_sshd_or_of_a_session_is_not_told(self, machine: SystemdMachine) -> None:
        async with running_agent(machine.instance(), str(machine.client_key), plan()) as (agent, sightings):
            await sightings.first(ContactSeen)
            assert (await agent.execute(ATTENDED, {}, 30)).ok
            sightings.all.clear()  # a restart of ssh may end the connection by itself
            await asyncio.to_thread(machine.run, "systemctl restart ssh")
            while not sightings.of(ContactSeen):  # logind knows of a session a moment after sshd does
                await asyncio.to_thread(machine.run, "systemctl stop 'session-*.scope'")
                await asyncio.sleep(0.5)
            assert not sightings.of(StoppingSeen)

    async def test_the_watcher_leaves_nothing_in_the_machine(self, machine: SystemdMachine) -> None:
        ours = "cat /proc/[0-9]*/comm | grep -c -e dbus-monitor -e systemd-inhibit"
        for user in ("root", "sudoer"):
            async with running_agent(machine.instance(user), str(machine.client_key), plan()) as (agent, sightings):
                await sightings.first(ContactSeen)
                assert (await agent.execute(ATTENDED, {}, 30)).ok
                assert (await agent.execute(ours, {}, 30)).output.strip() == "2"
            await asyncio.to_thread(machine.run, f"until [ $({ours}) = 0 ]; do sleep 0.1; done")
            async with running_agent(machine.instance(user), str(machine.client_key), plan()) as (agent, sightings):
                await sightings.first(ContactSeen)
                assert (await agent.execute(ATTENDED, {}, 30)).ok
                assert (await agent.execute(ours, {}, 30)).output.strip() == "2"

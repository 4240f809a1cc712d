"""Machines that are not as they should be, and what becomes of watching and restarting in them: a full disk, a wrong clock, a login that
prints, a user without rights. Real ones, with a real systemd.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.ssh import SshAgent
from pcloud.model.plan import Check, CommandCheck, ProcessAgent, ResourcePlan, SystemdAgent
from pcloud.model.ports import ContactSeen, ContactUnclear, Outcome
from pcloud.model.words import Verdict
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.agents.sightings import Sightings, plan, running_agent

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

UNIT = SystemdAgent("payload.service")
PAYLOAD = ResourcePlan("payload", UNIT, interval=0.5)
WORKER = ResourcePlan("worker", ProcessAgent("sleep 1216"), interval=0.5)
KILL = "kill -9 $(systemctl show -P MainPID payload)"
BANNER = "echo '*** You are being watched ***'; printf 'no end of line, \\377 and a bell \\a'; echo more >&2\n"


@asynccontextmanager
async def watched(machine: SystemdMachine, *resources: ResourcePlan, user: str = "root") -> AsyncIterator[tuple[SshAgent, Sightings]]:
    async with running_agent(machine.instance(user), str(machine.client_key), plan(*resources)) as (agent, sightings):
        await sightings.first(ContactSeen)
        yield agent, sightings


async def run(agent: SshAgent, script: str) -> str:
    outcome = await agent.execute(script, {}, 60)
    assert outcome.ok, outcome
    return outcome.output


async def is_watched_and_brought_back(agent: SshAgent, sightings: Sightings, kill: str = KILL) -> None:
    """The payload runs, is killed, is seen to have failed, and runs again."""
    assert await agent.start(PAYLOAD, {}) == Outcome(0)
    seen = len(sightings.all)
    agent.probe_again()
    await sightings.probe(Verdict.PASSED, "payload", "", after=seen)
    seen = len(sightings.all)
    await run(agent, kill)
    assert (await sightings.probe(Verdict.FAILED, "payload", "", after=seen)).reason == "failed (signal)"
    seen = len(sightings.all)
    assert await agent.stop(PAYLOAD, {}) == Outcome(0)
    assert await agent.start(PAYLOAD, {}) == Outcome(0)
    await sightings.probe(Verdict.PASSED, "payload", "", after=seen)


async def test_a_full_disk_keeps_nobody_from_being_watched_and_brought_back(tmp_path: Path) -> None:
    writes = Check("writes", CommandCheck("cp /etc/passwd /var/log/page && rm /var/log/page"), interval=0.5)
    payload = ResourcePlan("payload", UNIT, (writes,), interval=0.5)
    with systemd_machine(tmp_path, space="24m") as machine:
        async with watched(machine, payload) as (agent, sightings):
            await sightings.probe(Verdict.PASSED, "payload", "writes")
            await run(agent, "while head -c 65536 /dev/zero; do :; done >/filler 2>/dev/null; ! echo anything >/more")
            missed = await sightings.probe(Verdict.MISSED, "payload", "writes", after=len(sightings.all))
            assert "No space left on device" in missed.reason
            await is_watched_and_brought_back(agent, sightings)
        async with watched(machine, payload, WORKER) as (agent, sightings):  # who comes when it is full already
            await is_watched_and_brought_back(agent, sightings)
            assert await agent.start(WORKER, {}) == Outcome(0)
            await run(agent, "kill -9 $(cut -d ' ' -f 1 /run/pcloud/worker.pid)")
            await sightings.probe(Verdict.FAILED, "worker", "")
            assert await agent.stop(WORKER, {}) == Outcome(0)
            await run(agent, "rm /filler")
            await sightings.probe(Verdict.PASSED, "payload", "writes")


@pytest.mark.parametrize(("clock", "years"), [("+366d", 1), ("-366d", -1)])
async def test_a_clock_that_is_a_year_off_misleads_nobody(tmp_path: Path, clock: str, years: int) -> None:
    with systemd_machine(tmp_path, clock=clock) as machine:
        async with watched(machine, PAYLOAD, user="sudoer") as (agent, sightings):
            there = datetime.fromtimestamp(int(await run(agent, "date +%s")), UTC)
            assert round((there - datetime.now(UTC)).days / 366) == years
            pending = await sightings.probe(Verdict.PENDING, "payload", "")
            assert pending.patience == 30.0
            await is_watched_and_brought_back(agent, sightings, f"sudo {KILL}")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdMachine]:
    with systemd_machine(tmp_path_factory.mktemp("machine")) as machine:
        for home in ("root", "home/sudoer"):
            for name in (".bashrc", ".profile", ".bash_login", ".zshrc"):
                machine.write(f"{home}/{name}", BANNER + "alias sleep=false printf=false\nPS1=; cd /tmp; set -u\n")
        machine.write("etc/banner", "Authorised users only.\n" * 50)
        machine.write("etc/motd", "Welcome to this machine.\n")
        machine.write("etc/profile.d/banner.sh", BANNER)
        machine.write("etc/ssh/sshd_config.d/banner.conf", "Banner /etc/banner\nPrintMotd yes\n")
        yield machine


@pytest.mark.parametrize(("user", "kill"), [("root", KILL), ("sudoer", f"sudo {KILL}")])
async def test_a_login_that_prints_every_time_is_not_heard(machine: SystemdMachine, user: str, kill: str) -> None:
    async with watched(machine, PAYLOAD, user=user) as (agent, sightings):
        await is_watched_and_brought_back(agent, sightings, kill)
        assert await run(agent, "echo this; printf alone") == "this\nalone"
        assert not sightings.of(ContactUnclear)


async def test_a_user_without_sudo_watches_and_is_told_what_he_lacks_to_act(machine: SystemdMachine) -> None:
    cure = "let it run systemctl by sudo without a password, or let monitor.user be root (exit status 4)"
    async with watched(machine, PAYLOAD) as (root, _):
        assert await root.start(PAYLOAD, {}) == Outcome(0)
        async with watched(machine, PAYLOAD, user="guest") as (agent, sightings):
            await sightings.probe(Verdict.PASSED, "payload", "")
            stopped = await agent.stop(PAYLOAD, {})
            assert (stopped.reason, stopped.hard) == (f"user guest may not stop payload.service: {cure}", True)
            await run(root, KILL)
            await sightings.probe(Verdict.FAILED, "payload", "")
            started = await agent.start(PAYLOAD, {})
            assert (started.reason, started.hard) == (f"user guest may not start payload.service: {cure}", True)
            await run(root, "mv /usr/bin/sudo /usr/bin/sudo.away")
            lacking = await agent.start(PAYLOAD, {})
            await run(root, "mv /usr/bin/sudo.away /usr/bin/sudo")
            assert lacking.reason.startswith("user guest may not start payload.service: install sudo in the machine")
            machine.write(
                "etc/sudoers.d/guest", "guest ALL=(root) NOPASSWD: /usr/bin/systemctl, /usr/bin/journalctl\n", 0o440
            )  # the docs' line
            assert await agent.start(PAYLOAD, {}) == Outcome(0)
            assert await agent.stop(PAYLOAD, {}) == Outcome(0)

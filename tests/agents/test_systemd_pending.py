"""What is pending of a systemd unit, why and for how long, on a real machine: states, jobs, packages, a systemd that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from agents.ssh import SshAgent
from pcloud.model.plan import ResourcePlan, SystemdAgent
from pcloud.model.ports import ContactSeen, Outcome, ProbeSeen
from pcloud.model.words import Verdict
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.agents.sightings import Sightings, plan, running_agent

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]


def until(file: str) -> str:
    return f"until [ -e /run/{file} ]; do sleep 0.1; done"


SLOW = f"""[Service]
ExecStartPre=/bin/sh -c '{until("up")}'
ExecStart=/bin/sleep 100000
ExecReload=/bin/sh -c '{until("reloaded")}'
ExecStop=/bin/sh -c '{until("down")}'
TimeoutStartSec=1min 40s
TimeoutStopSec=45s
RestartSec=0
"""
LATER = "[Unit]\nAfter=slow.service\n[Service]\nExecStart=/bin/sleep 100000\n"
ENDLESS = f"""[Service]
Type=oneshot
ExecStart=/bin/sh -c '{until("never")}'
TimeoutStopSec=1
"""
STUBBORN = f"""[Service]
ExecStartPre=/bin/rm -f /run/trapping
ExecStart=/bin/sh -c 'trap "exit 3" TERM; touch /run/trapping; while :; do sleep 0.1; done'
ExecStartPost=/bin/sh -c '{until("trapping")}'
"""
PREINST = f"""#!/bin/sh
set -e
systemctl stop slow stubborn
{until("unpack")}
"""
POSTINST = "#!/bin/sh\nset -e\nsystemctl start slow stubborn\n"
CONTROL = (
    "Package: worked-on\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: stops and starts units\n"
)
HOLDER = """import fcntl, os, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
while not os.path.exists("/run/released"):
    time.sleep(0.1)
"""


@dataclass
class Seen:
    """An agent at work in the machine, and how one waits for what it sees from now on."""

    agent: SshAgent
    sightings: Sightings

    async def run(self, script: str) -> None:
        outcome = await self.agent.execute(script, {}, 30)
        assert outcome.ok, outcome

    async def next(self, reason: str, resource: str = "slow", verdict: Verdict = Verdict.PENDING, starts: bool = False) -> ProbeSeen:
        """The next result with that reason; ``starts``: one that begins with it is enough."""

        def fits(seen: ProbeSeen) -> bool:
            said = seen.reason.startswith(reason) if starts else seen.reason == reason
            return said and (seen.resource, seen.verdict) == (resource, verdict)

        return await self.sightings.first(ProbeSeen, fits, after=len(self.sightings.all))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdMachine]:
    with systemd_machine(tmp_path_factory.mktemp("machine")) as machine:
        for name, text in (("slow", SLOW), ("later", LATER), ("endless", ENDLESS), ("stubborn", STUBBORN)):
            machine.write(f"etc/systemd/system/{name}.service", text)
        for name, text, mode in (("control", CONTROL, 0o644), ("preinst", PREINST, 0o755), ("postinst", POSTINST, 0o755)):
            machine.write(f"root/worked-on/DEBIAN/{name}", text, mode)
        machine.write("root/holder", HOLDER)
        yield machine


@asynccontextmanager
async def watching(machine: SystemdMachine, *units: str, timeout: float = 5.0) -> AsyncIterator[Seen]:
    """The units are watched; all of them are stopped before and afterwards."""
    resource = ResourcePlan("", None, interval=0.2, timeout=timeout, action_timeout=77.0)
    resources = [replace(resource, name=unit, agent=SystemdAgent(f"{unit}.service")) for unit in units]
    stop = "touch /run/down /run/released; systemctl stop slow later endless stubborn"
    clear = f"{stop}; systemctl reset-failed; rm -f /run/up /run/down /run/reloaded"
    async with running_agent(machine.instance(), str(machine.client_key), plan(*resources)) as (agent, sightings):
        await sightings.first(ContactSeen)
        seen = Seen(agent, sightings)
        await seen.run(f"systemctl daemon-reload; {clear}")
        for unit in units:
            await seen.next("inactive", unit)
        yield seen
        await seen.run(clear)


async def test_on_its_way_up_and_down_and_over_a_unit_has_its_own_time(machine: SystemdMachine) -> None:
    async with watching(machine, "slow") as seen:
        so_far = len(seen.sightings.all)
        await seen.run("systemctl start --no-block slow")
        activating = await seen.next("activating (start-pre)")
        assert 100.0 < activating.patience < 110.0  # the time it was inactive before is added
        await seen.run("touch /run/up")
        await seen.sightings.probe(Verdict.PASSED, after=so_far)
        await seen.run("systemctl reload --no-block slow")
        assert (await seen.next("reloading (reload)")).patience == 100.0
        so_far = len(seen.sightings.all)
        await seen.run("touch /run/reloaded")
        await seen.sightings.probe(Verdict.PASSED, after=so_far)
        await seen.run("systemctl stop --no-block slow")
        assert (await seen.next("deactivating (stop)")).patience == 45.0
        await seen.run("touch /run/down")
        assert 30.0 < (await seen.next("inactive")).patience < 40.0  # the time of its stop is added


async def test_a_unit_that_was_inactive_from_the_beginning_has_half_a_minute(machine: SystemdMachine) -> None:
    async with watching(machine, "slow") as seen:
        seen.agent.watch(plan(ResourcePlan("other", SystemdAgent("slow.service"), interval=0.2)))
        assert (await seen.next("inactive", "other")).patience == 30.0


async def test_a_unit_without_a_limit_has_the_time_of_the_services_own_actions(machine: SystemdMachine) -> None:
    async with watching(machine, "endless") as seen:
        await seen.run("systemctl start --no-block endless")
        assert 77.0 < (await seen.next("activating (start)", "endless")).patience < 87.0


async def test_a_job_that_waits_for_another_has_half_a_minute(machine: SystemdMachine) -> None:
    async with watching(machine, "later", "slow") as seen:
        await seen.run("systemctl start --no-block slow later")
        assert 30.0 < (await seen.next("inactive with a job queued", "later")).patience < 40.0
        so_far = len(seen.sightings.all)
        await seen.run("touch /run/up")
        await seen.sightings.probe(Verdict.PASSED, "later", after=so_far)


async def test_a_systemd_that_does_not_answer_for_a_while_is_no_failure_of_its_units(machine: SystemdMachine) -> None:
    async with watching(machine, "slow", timeout=2.0) as seen:
        with machine.frozen_init():
            silent = await seen.next("systemd does not answer", starts=True)
        assert 30.0 <= silent.patience < 60.0
        await seen.next("inactive")


async def test_while_a_package_is_worked_on_its_units_are_waited_for(machine: SystemdMachine) -> None:
    async with watching(machine, "slow", "stubborn") as seen:
        so_far = len(seen.sightings.all)
        await seen.run("rm -f /run/unpack; touch /run/up /run/down; systemctl start slow stubborn")
        for unit in ("slow", "stubborn"):
            await seen.sightings.probe(Verdict.PASSED, unit, after=so_far)
        build = "dpkg-deb -b /root/worked-on /root/worked-on.deb"
        await seen.run(f"rm /run/up; {build}; dpkg --force-bad-path -i /root/worked-on.deb >/run/dpkg.log 2>&1 </dev/null &")
        assert 600.0 <= (await seen.next("inactive while dpkg's lock is held (dpkg)")).patience < 610.0
        assert 600.0 <= (await seen.next("failed while dpkg's lock is held (dpkg)", "stubborn")).patience < 610.0
        so_far = len(seen.sightings.all)
        await seen.run("touch /run/unpack")
        await seen.next("activating (start-pre) while dpkg's lock is held (dpkg)")
        await seen.run("touch /run/up")
        for unit in ("slow", "stubborn"):
            await seen.sightings.probe(Verdict.PASSED, unit, after=so_far)


async def test_a_unit_that_crashes_while_packages_change_has_failed(machine: SystemdMachine) -> None:
    async with watching(machine, "stubborn") as seen:
        await seen.run("rm -f /run/released; python3 /root/holder >/dev/null 2>&1 &")
        await seen.next("inactive while dpkg's lock is held (python3)", "stubborn")
        await seen.run("systemctl start stubborn; kill -9 $(systemctl show -P MainPID stubborn)")
        await seen.next("failed (signal)", "stubborn", Verdict.FAILED)
        await seen.run("systemctl reset-failed stubborn; systemctl start stubborn; systemctl stop stubborn")
        await seen.next("failed while dpkg's lock is held (python3)", "stubborn")
        await seen.run("touch /run/released")
        await seen.next("failed (exit-code)", "stubborn", Verdict.FAILED)


async def test_a_start_waits_for_what_is_being_installed_and_a_reboot_for_all_packages(machine: SystemdMachine) -> None:
    fresh = ResourcePlan("fresh", SystemdAgent("fresh.service"), action_timeout=30)
    install = "printf '[Service]\\nExecStart=/bin/sleep 100000\\n' >/run/systemd/system/fresh.service; systemctl daemon-reload"
    async with watching(machine, "slow") as seen:
        await seen.run("rm -f /run/released; python3 /root/holder >/dev/null 2>&1 &")
        await seen.next("inactive while dpkg's lock is held (python3)")
        starting = asyncio.create_task(seen.agent.start(fresh, {}), name="start")
        rebooting = asyncio.create_task(seen.agent.await_packages(30.0), name="reboot")
        await seen.run("until grep -qs await_packages /proc/[0-9]*/environ; do sleep 0.1; done; " + install)
        assert await starting == Outcome(0)
        assert not rebooting.done()
        await seen.run("touch /run/released")
        await rebooting
        assert (await seen.agent.running(fresh)) is Verdict.PASSED
        assert await seen.agent.stop(fresh, {}) == Outcome(0)
        missing = await seen.agent.start(replace(fresh, agent=SystemdAgent("missing.service")), {})
        assert (missing.reason, missing.hard) == ("missing unit missing.service (exit status 5)", True)


async def test_what_packages_have_not_finished_yet_is_waited_for_by_ordinary_users_too(machine: SystemdMachine) -> None:
    missing, broken = (ResourcePlan(name, SystemdAgent(f"{name}.service"), interval=0.2) for name in ("missing", "broken"))
    async with watching(machine, "slow") as seen:
        await seen.run("rm -f /run/released; python3 /root/holder >/dev/null 2>&1 &")
        await seen.next("inactive while dpkg's lock is held (python3)")
        await seen.run("systemctl start broken || true")
        async with running_agent(machine.instance("guest"), str(machine.client_key), plan(missing, broken)) as (agent, sightings):
            guest = Seen(agent, sightings)
            assert (await guest.next("not-found while dpkg's lock is held (python3)", "missing")).patience == 600.0
            await guest.next("failed while dpkg's lock is held (python3)", "broken")
            await seen.run("touch /run/released")
            await guest.next("missing unit missing.service", "missing", Verdict.BROKEN)
            await guest.next("failed (exit-code)", "broken", Verdict.FAILED)

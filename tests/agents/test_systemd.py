"""``systemd:`` on a real machine with a real systemd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.habits import Habits
from pcloud.model.plan import ProcessAgent, ResourcePlan, SystemdAgent
from pcloud.model.ports import ContactMissed, ContactSeen, Outcome
from pcloud.model.words import Verdict
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.agents.sightings import plan, running_agent

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

PAYLOAD = ResourcePlan("payload", SystemdAgent("payload.service"), interval=0.2)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdMachine]:
    with systemd_machine(tmp_path_factory.mktemp("machine")) as machine:
        yield machine


@pytest.fixture
def key(machine: SystemdMachine) -> str:
    return str(machine.client_key)


async def test_a_unit_is_started_killed_seen_failed_and_started_again(machine: SystemdMachine, key: str) -> None:
    async with running_agent(machine.instance(), key, plan(PAYLOAD)) as (agent, sightings):
        assert len((await sightings.first(ContactSeen)).boot_id) == 36
        assert await agent.stop(PAYLOAD, {}) == Outcome(0)
        assert (await sightings.probe(Verdict.PENDING)).reason == "inactive"
        for _ in range(7):  # more than systemd's own start limit: counting is ours
            assert await agent.start(PAYLOAD, {}) == Outcome(0)
            assert await agent.running(PAYLOAD) is Verdict.PASSED
            so_far = len(sightings.all)
            assert (await agent.execute("kill -9 $(systemctl show -P MainPID payload)", {}, 10)).ok
            assert (await sightings.probe(Verdict.FAILED, after=so_far)).reason == "failed (signal)"
        assert await agent.start(PAYLOAD, {}) == Outcome(0)
        assert await agent.stop(PAYLOAD, {}) == Outcome(0)
        assert await agent.running(PAYLOAD) is Verdict.PENDING


async def test_a_missing_unit_is_told_apart_from_one_that_does_not_start(machine: SystemdMachine, key: str) -> None:
    missing, broken = ResourcePlan("m", SystemdAgent("nope.service")), ResourcePlan("b", SystemdAgent("broken.service"))
    async with running_agent(machine.instance(), key, plan(missing)) as (agent, sightings):
        assert (await sightings.probe(Verdict.BROKEN)).reason == "missing unit nope.service"
        refused = await agent.start(missing, {})
        assert refused.reason.startswith("missing unit nope.service")
        assert refused.hard
        assert await agent.stop(missing, {}) == Outcome(0)
        outcome = await agent.start(broken, {})
        assert outcome.reason.startswith("broken.service did not start, failed (exit-code)")
        assert "no database" in outcome.output


async def test_an_ordinary_user_acts_by_sudo_and_only_with_rights(machine: SystemdMachine, key: str) -> None:
    async with running_agent(machine.instance("sudoer"), key, plan(PAYLOAD)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.start(PAYLOAD, {}) == Outcome(0)
        assert await agent.running(PAYLOAD) is Verdict.PASSED
    async with running_agent(machine.instance("guest"), key, plan(PAYLOAD)) as (agent, sightings):
        await sightings.probe(Verdict.PASSED)
        assert "guest may not stop" in (await agent.stop(PAYLOAD, {})).reason
    async with running_agent(machine.instance("sudoer"), key, plan(PAYLOAD)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.stop(PAYLOAD, {}) == Outcome(0)


async def test_a_units_own_limits_are_followed_where_the_spec_says_none(machine: SystemdMachine, key: str) -> None:
    machine.write("etc/systemd/system/patient.service", "[Service]\nExecStart=/bin/sleep 1\nTimeoutStartSec=5min\nTimeoutStopSec=3s\n")
    machine.write("etc/systemd/system/hung.service", "[Service]\nType=notify\nExecStart=/bin/sleep 100000\n")
    hung = ResourcePlan("hung", SystemdAgent("hung.service"), action_timeout=1.0)
    async with running_agent(machine.instance(), key, plan(PAYLOAD)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("systemctl daemon-reload", {}, 30)).ok
        assert await agent.habits(ResourcePlan("p", SystemdAgent("patient.service"))) == Habits(310.0, 90.0)
        assert await agent.habits(PAYLOAD) == Habits(100.0, 100.0)
        assert await agent.habits(ResourcePlan("b", SystemdAgent("broken.service"))) == Habits(90.0, 100.0)  # a oneshot's start has no end
        assert await agent.habits(ResourcePlan("w", ProcessAgent("sleep 1"))) == Habits()
        assert (await agent.start(hung, {})).reason == "timed out after 1s"
        assert (await agent.execute("systemctl stop hung", {}, 30)).ok


def test_the_machine_leaves_nothing_behind(tmp_path: Path) -> None:
    with systemd_machine(tmp_path) as machine:
        name = machine._name
    assert not Path(f"/sys/class/net/ve-{name}").exists()
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


async def test_a_unit_that_systemd_restarts_by_itself_is_counted(machine: SystemdMachine, key: str) -> None:
    machine.write("etc/systemd/system/phoenix.service", "[Service]\nExecStart=/bin/sleep 100000\nRestart=always\nRestartSec=0\n")
    phoenix = ResourcePlan("phoenix", SystemdAgent("phoenix.service"), interval=0.2)
    async with running_agent(machine.instance(), key, plan(phoenix)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("systemctl daemon-reload", {}, 30)).ok
        assert await agent.start(phoenix, {}) == Outcome(0)
        assert (await sightings.probe(Verdict.PASSED)).restarts == 0
        so_far = len(sightings.all)
        assert (await agent.execute("kill -9 $(systemctl show -P MainPID phoenix)", {}, 10)).ok
        while (seen := await sightings.probe(Verdict.PASSED, after=so_far)).restarts != 1:
            so_far = sightings.all.index(seen) + 1
        assert await agent.stop(phoenix, {}) == Outcome(0)


async def test_a_masked_unit_cannot_be_started_and_one_that_runs_meanwhile_is_well(machine: SystemdMachine, key: str) -> None:
    machine.write("usr/lib/systemd/system/covered.service", "[Service]\nExecStart=/bin/sleep 100000\n")
    covered = ResourcePlan("covered", SystemdAgent("covered.service"), interval=0.2)
    async with running_agent(machine.instance(), key, plan(covered)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.start(covered, {}) == Outcome(0)
        assert (await agent.execute("systemctl mask covered", {}, 30)).ok
        assert await agent.running(covered) is Verdict.PASSED
        so_far = len(sightings.all)
        assert await agent.stop(covered, {}) == Outcome(0)
        assert (await sightings.probe(Verdict.BROKEN, after=so_far)).reason == "missing unit covered.service: masked"
        refused = await agent.start(covered, {})
        assert (refused.reason, refused.hard) == ("missing unit covered.service: masked (exit status 5)", True)
        assert (await agent.execute("systemctl unmask covered", {}, 30)).ok
        so_far = len(sightings.all)
        assert await agent.start(covered, {}) == Outcome(0)
        await sightings.probe(Verdict.PASSED, after=so_far)
        assert await agent.stop(covered, {}) == Outcome(0)


async def test_a_unit_over_systemds_start_limit_has_failed_and_starts_at_our_word(machine: SystemdMachine, key: str) -> None:
    text = "[Unit]\nStartLimitIntervalSec=1h\n[Service]\nExecStart=/bin/sh -c '[ -e /run/mended ] && exec sleep 100000'\n"
    machine.write("etc/systemd/system/hasty.service", text + "Restart=always\nRestartSec=0\n")
    hasty = ResourcePlan("hasty", SystemdAgent("hasty.service"), interval=0.2)
    async with running_agent(machine.instance(), key, plan(hasty)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("systemctl daemon-reload; systemctl start hasty", {}, 30)).ok
        assert (await sightings.probe(Verdict.FAILED)).reason == "failed (exit-code)"
        assert not (await agent.execute("touch /run/mended; systemctl start hasty", {}, 30)).ok
        so_far = len(sightings.all)
        assert await agent.start(hasty, {}) == Outcome(0)
        await sightings.probe(Verdict.PASSED, after=so_far)
        assert await agent.stop(hasty, {}) == Outcome(0)


async def test_a_service_that_ends_in_good_order_is_waited_for_before_it_counts(machine: SystemdMachine, key: str) -> None:
    machine.write("etc/systemd/system/leaving.service", "[Service]\nExecStart=/bin/sh -c 'until [ -e /run/leave ]; do sleep 0.1; done'\n")
    leaving = ResourcePlan("leaving", SystemdAgent("leaving.service"), interval=1000)
    async with running_agent(machine.instance(), key, plan(leaving)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("systemctl daemon-reload", {}, 30)).ok
        assert await agent.start(leaving, {}) == Outcome(0)
        await sightings.probe(Verdict.PASSED)
        so_far = len(sightings.all)
        assert (await agent.execute("touch /run/leave", {}, 30)).ok
        seen = await sightings.probe(Verdict.PENDING, after=so_far)
        assert (seen.reason, seen.patience) == ("inactive", 30.0)
        assert not sightings.of(ContactMissed)

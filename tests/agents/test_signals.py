"""Units whose changes are told by their machine's bus, on a real machine with a real systemd: long before the watcher's next turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

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

NEVER = 1000.0  # seconds until a probe's next turn: whatever is seen before is not seen by that
PAYLOAD = ResourcePlan("payload", SystemdAgent("payload.service"), interval=NEVER)
PHOENIX = ResourcePlan("phoenix", SystemdAgent("phoenix.service"), interval=NEVER)
ALIAS = ResourcePlan("alias", SystemdAgent("nickname.service"), interval=NEVER)
KILL = "kill -9 $(systemctl show -P MainPID {})"
WATCHERS = "for each in /proc/[0-9]*; do if grep -qs pcloud-watcher $each/environ; then kill -{} ${{each#/proc/}}; fi; done"
BRIDGED = "until grep -qs systemd-stdio- /proc/[0-9]*/comm; do sleep 0.1; done"
NOT_BRIDGED = "while grep -qs systemd-stdio- /proc/[0-9]*/comm; do sleep 0.1; done"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdMachine]:
    with systemd_machine(tmp_path_factory.mktemp("machine")) as machine:
        machine.write("etc/systemd/system/phoenix.service", "[Service]\nExecStart=/bin/sleep 100000\nRestart=always\nRestartSec=0\n")
        named = "[Service]\nExecStart=/bin/sleep 100000\n[Install]\nAlias=nickname.service\n"
        machine.write("etc/systemd/system/named.service", named)
        yield machine


@asynccontextmanager
async def listening(machine: SystemdMachine, *resources: ResourcePlan, user: str = "root") -> AsyncIterator[tuple[SshAgent, Sightings]]:
    """An agent that hears of these resources, all of which run; nothing but the bus will tell of them from now on."""
    assembly = plan(*resources, interval=20)
    async with running_agent(machine.instance(user), str(machine.client_key), assembly) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute(BRIDGED, {}, 30)).ok
        for each in resources:
            seen = len(sightings.all)
            assert await agent.start(each, {}) == Outcome(0)
            agent.probe_again()
            await sightings.probe(Verdict.PASSED, each.name, after=seen)
        yield agent, sightings


async def run(agent: SshAgent, script: str) -> None:
    outcome = await agent.execute(script, {}, 30)
    assert outcome.ok, outcome


async def test_a_killed_unit_is_known_at_once_and_so_is_its_return(machine: SystemdMachine) -> None:
    async with listening(machine, PAYLOAD, user="sudoer") as (agent, sightings):
        seen = len(sightings.all)
        await run(agent, f"sudo {KILL.format('payload')}")
        assert (await sightings.probe(Verdict.FAILED, after=seen)).reason == "failed (signal)"
        seen = len(sightings.all)
        assert await agent.start(PAYLOAD, {}) == Outcome(0)
        await sightings.probe(Verdict.PASSED, after=seen)


async def test_what_has_crashed_is_stopped_already_until_it_is_started_again_by_anybody(machine: SystemdMachine) -> None:
    async with listening(machine, PAYLOAD) as (agent, sightings):
        seen = len(sightings.all)
        await run(agent, KILL.format("payload"))
        await sightings.probe(Verdict.FAILED, after=seen)
        with pytest.raises(StopIteration) as ended:
            agent.stop(PAYLOAD, {}).send(None)  # it waits for nothing
        assert ended.value.value == Outcome(0)
        seen = len(sightings.all)
        await run(agent, "systemctl start payload")
        await sightings.probe(Verdict.PASSED, after=seen)
        assert await agent.stop(PAYLOAD, {}) == Outcome(0)
        assert await agent.running(PAYLOAD) is Verdict.PENDING


async def test_it_needs_no_watcher_to_be_known(machine: SystemdMachine) -> None:
    async with listening(machine, PAYLOAD) as (agent, sightings):
        await run(agent, WATCHERS.format("STOP"))
        seen = len(sightings.all)
        await run(agent, KILL.format("payload"))
        assert (await sightings.probe(Verdict.FAILED, after=seen)).reason == "failed (signal)"
        await run(agent, WATCHERS.format("CONT"))


async def test_what_systemd_restarts_by_itself_is_never_called_failed(machine: SystemdMachine) -> None:
    async with listening(machine, PHOENIX) as (agent, sightings):
        for restarts in (1, 2):
            seen = len(sightings.all)
            await run(agent, KILL.format("phoenix"))
            await sightings.first(ProbeSeen, lambda each, n=restarts: each.restarts == n, after=seen)  # type: ignore[misc]
        assert {each.verdict for each in sightings.of(ProbeSeen)} <= {Verdict.PASSED, Verdict.PENDING}
        assert await agent.stop(PHOENIX, {}) == Outcome(0)


async def test_a_unit_is_heard_of_under_its_other_name(machine: SystemdMachine) -> None:
    async with listening(machine, PAYLOAD) as (agent, sightings):
        await run(agent, "systemctl enable named && systemctl start nickname")
        agent.watch(plan(ALIAS, interval=20))
        await sightings.probe(Verdict.PASSED, "alias")
        await run(agent, WATCHERS.format("STOP"))
        seen = len(sightings.all)
        await run(agent, KILL.format("named"))
        await sightings.probe(Verdict.FAILED, "alias", after=seen)
        await run(agent, WATCHERS.format("CONT"))


@pytest.mark.parametrize("upheaval", ["systemctl daemon-reload", "systemctl daemon-reexec", "kill -9 $(systemctl show -P MainPID dbus)"])
async def test_it_goes_on_when_systemd_or_the_bus_begins_anew(machine: SystemdMachine, upheaval: str) -> None:
    async with listening(machine, PAYLOAD) as (agent, sightings):
        seen = len(sightings.all)
        await run(agent, f"{upheaval}; systemctl is-active payload")
        if "dbus" in upheaval:
            await sightings.first(ProbeSeen, after=seen)  # what happened meanwhile nobody told, so it is looked at
        await run(agent, WATCHERS.format("STOP"))
        seen = len(sightings.all)
        await run(agent, KILL.format("payload"))
        await sightings.probe(Verdict.FAILED, after=seen)
        await run(agent, WATCHERS.format("CONT"))


@pytest.fixture
def no_bridge(machine: SystemdMachine) -> Iterator[None]:
    bridge = machine.path("usr/bin/systemd-stdio-bridge")
    away = bridge.with_suffix(".away")
    bridge.rename(away)
    try:
        yield
    finally:
        away.rename(bridge)


@pytest.mark.usefixtures("no_bridge")
async def test_without_a_bridge_the_end_of_its_process_is_noticed_all_the_same(machine: SystemdMachine) -> None:
    async with running_agent(machine.instance(), str(machine.client_key), plan(PAYLOAD, interval=20)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.start(PAYLOAD, {}) == Outcome(0)
        agent.probe_again()
        await sightings.probe(Verdict.PASSED)
        seen = len(sightings.all)
        await run(agent, KILL.format("payload"))
        assert (await sightings.probe(Verdict.FAILED, after=seen)).reason == "failed (signal)"


async def test_the_channel_leaves_nothing_in_the_machine(machine: SystemdMachine) -> None:
    async with running_agent(machine.instance(), str(machine.client_key), plan(interval=20)) as (other, others):
        await others.first(ContactSeen)
        async with listening(machine, PAYLOAD):
            pass
        await run(other, NOT_BRIDGED)

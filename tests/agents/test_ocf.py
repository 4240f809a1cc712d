"""``ocf:`` beyond the contract: environment, secrets, exit statuses and metadata, by Debian's agents and by small ones of ours."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agents.habits import Habits
from pcloud.model.plan import OcfAgent, ResourcePlan
from pcloud.model.ports import ContactSeen
from pcloud.model.words import Verdict
from tests.agents.benches import says
from tests.agents.machine import Machine
from tests.agents.processes import until
from tests.agents.sightings import plan, watching
from tests.agents.test_contract_ocf import OcfBench, agent_text, pytestmark

__all__ = ["pytestmark"]

METADATA = """\
cat <<END
<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="Thing"><version>1.0</version><actions><!-- <action name="start" timeout="1h"/> -->
<action name="start" timeout="7s" /><action
  timeout = '8s' name="stop"/>
<action name="monitor" depth="0" timeout="1s" interval="500ms" /><action name="monitor" depth="10" timeout="30s" interval="60s" />
<action name="meta-data" timeout="5s" />
</actions></resource-agent>
END
"""


STATUSES = {
    0: (Verdict.PASSED, ""),
    1: (Verdict.MISSED, "it said 1 (OCF status 1)"),
    **{status: (Verdict.BROKEN, f"it said {status}") for status in (2, 3, 4, 5, 6)},
    7: (Verdict.FAILED, "it said 7"),
    8: (Verdict.PASSED, ""),
    9: (Verdict.MISSED, "it said 9 (OCF status 9)"),
    190: (Verdict.PASSED, ""),
    96: (Verdict.MISSED, "it said 96 (OCF status 96)"),  # pending only from our own snippets
    191: (Verdict.PASSED, ""),
    196: (Verdict.PENDING, "it said 196"),
    255: (Verdict.MISSED, "it said 255 (OCF status 255)"),
}


async def test_an_exit_status_of_the_monitor_means_what_ocf_says(machine: Machine) -> None:
    bench = OcfBench(machine)
    service = bench.of(bench.agent(monitor='read -r n <"$f"; echo "ocf-exit-reason:it said $n" >&2; echo "thing: at work"; exit "$n"'))
    await says(machine, service, bench.state, STATUSES)


async def test_an_agent_finds_the_environment_that_the_api_promises(machine: Machine) -> None:
    bench = OcfBench(machine)
    agent = replace(bench.agent(start="env >$PCLOUD_ROOT/env; pwd >>$PCLOUD_ROOT/env"), params=(("greeting", "it's\n$HOME"), ("empty", "")))
    service = ResourcePlan("svc", agent, action_timeout=30.0)
    async with watching(machine, plan(service)) as (agent_of_machine, sightings):
        await sightings.first(ContactSeen)
        assert (await agent_of_machine.start(service, {})).ok
    found = (machine.root / "env").read_text()
    for line in (
        "OCF_ROOT=/usr/lib/ocf",
        "OCF_RA_VERSION_MAJOR=1",
        "OCF_RA_VERSION_MINOR=1",
        "OCF_RESOURCE_INSTANCE=svc",
        "OCF_RESOURCE_PROVIDER=test",
        "OCF_RESOURCE_TYPE=Thing",
        "OCF_RESKEY_greeting=it's\n$HOME",
        "OCF_RESKEY_empty=",
        "OCF_RESKEY_CRM_meta_timeout=30000",
        "OCF_CHECK_LEVEL=0",
    ):
        assert f"\n{line}\n" in f"\n{found}"
    assert found.endswith(f"\n{machine.root}\n")


async def test_a_secret_reaches_start_and_monitor_and_stands_in_no_argument_and_no_file(machine: Machine) -> None:
    bench = OcfBench(machine)
    show = 'echo "${#OCF_RESKEY_password}" >>$PCLOUD_ROOT/$1; sleep 1208'
    agent = replace(bench.agent(start=show, monitor=show), variables=(("password", "PW"),))
    service = replace(bench.of(agent, timeout=10.0), action_timeout=10.0)
    async with watching(machine, plan(service)) as (hands, sightings):
        await sightings.first(ContactSeen)
        assert (await sightings.probe(Verdict.UNKNOWN)).reason == "PW has no value, or it cannot be read"
        hands.watch(plan(service), lambda: {"PW": "xyzzy-plugh"})
        acting = asyncio.create_task(hands.start(service, {"PW": "xyzzy-plugh"}), name="action under test")
        await until(lambda: sum("1208" in command for command in machine.left().values()) >= 2)
        assert not any("xyzzy" in command for command in machine.left().values())
        assert not any("xyzzy" in path.read_text(errors="replace") for path in machine.root.rglob("*") if path.is_file())
        acting.cancel()
        await asyncio.wait({acting})
    assert {(machine.root / name).read_text().split()[0] for name in ("start", "monitor")} == {"11"}


async def test_debians_metadata_are_followed_where_the_spec_says_nothing(machine: Machine) -> None:
    dummy, mysql = ResourcePlan("d", OcfAgent("heartbeat", "Dummy")), ResourcePlan("m", OcfAgent("heartbeat", "mysql"))
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.habits(dummy) == Habits(20.0, 20.0, 20.0, 10.0)
        assert await agent.habits(mysql) == Habits(120.0, 120.0, 30.0, 20.0)
        assert await agent.habits(ResourcePlan("n", OcfAgent("heartbeat", "Dumy"))) == Habits()


async def test_a_monitor_has_its_metadatas_time_and_rhythm_unless_the_spec_says_others(machine: Machine) -> None:
    bench = OcfBench(machine)
    hangs = {"monitor": "echo again >>$PCLOUD_ROOT/times; sleep 1208", "meta-data": METADATA}
    bench.write("usr/lib/ocf/resource.d/test/Thing", agent_text(**hangs))
    agent = OcfAgent("test", "Thing")
    service = ResourcePlan("svc", agent, interval=60.0, timeout=60.0, unwritten=("interval", "timeout"))
    async with watching(machine, plan(service)) as (hands, sightings):
        assert (await sightings.probe(Verdict.MISSED)).reason == "timed out after 1s"
        await until(lambda: (machine.root / "times").read_text().count("again") > 2)
        assert await hands.habits(service) == Habits(7.0, 8.0, 1.0, 0.5)
    written = replace(service, timeout=2.0, unwritten=("interval",))
    async with watching(machine, plan(written)) as (_, sightings):
        assert (await sightings.probe(Verdict.MISSED)).reason == "timed out after 2s"

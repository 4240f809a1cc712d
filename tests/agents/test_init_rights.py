"""``ocf:`` and ``lsb:`` for ordinary users on a real machine with a real sudo: by sudo, or not at all and saying so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pcloud.model.plan import LsbAgent, OcfAgent, ResourceAgent, ResourcePlan
from pcloud.model.ports import ContactSeen
from pcloud.model.words import Verdict
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.agents.sightings import plan, running_agent

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

SCRIPT = """#!/bin/sh
state=/run/thing
case $1 in
  start) echo "$(id -un) ${#OCF_RESKEY_password} $HA_RSCTMP" >$state ;;
  stop) rm -f $state ;;
  status | monitor) [ -e $state ] || exit %d ;;
esac
"""
OCF, LSB = OcfAgent("test", "Thing", variables=(("password", "PW"),)), LsbAgent("thing")
SECRET = {"PW": "xyzzy"}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdMachine]:
    with systemd_machine(tmp_path_factory.mktemp("machine")) as machine:
        machine.write("usr/lib/ocf/resource.d/test/Thing", SCRIPT % 7, 0o755)
        machine.write("etc/init.d/thing", SCRIPT % 3, 0o755)
        yield machine


@pytest.mark.parametrize(("kind", "written"), [(OCF, "root 5 /run/resource-agents"), (LSB, "root 0")], ids=["ocf", "lsb"])
async def test_who_has_sudo_acts_as_root(machine: SystemdMachine, kind: ResourceAgent, written: str) -> None:
    thing = ResourcePlan("thing", kind, interval=0.2)
    async with running_agent(machine.instance("sudoer"), str(machine.client_key), plan(thing)) as (agent, sightings):
        await sightings.first(ContactSeen)
        agent.watch(plan(thing), lambda: SECRET)
        await sightings.probe(Verdict.FAILED)
        assert (await agent.start(thing, SECRET)).ok
        await sightings.probe(Verdict.PASSED)
        assert (await agent.execute("cat /run/thing", {}, 10)).output.strip() == written
        assert (await agent.stop(thing, SECRET)).ok
        assert await agent.running(thing) is Verdict.FAILED


@pytest.mark.parametrize("kind", [OCF, LSB], ids=["ocf", "lsb"])
async def test_without_rights_nothing_is_known_and_nothing_is_done(machine: SystemdMachine, kind: ResourceAgent) -> None:
    thing = ResourcePlan("thing", kind, interval=0.2)
    async with running_agent(machine.instance("guest"), str(machine.client_key), plan(thing)) as (agent, sightings):
        await sightings.first(ContactSeen)
        agent.watch(plan(thing), lambda: SECRET)
        so_far = len(sightings.all)
        seen = await sightings.probe(Verdict.UNKNOWN, after=so_far)
        assert "guest needs sudo without a password" in seen.reason
        for outcome in (await agent.start(thing, SECRET), await agent.stop(thing, SECRET)):
            assert outcome.hard
            assert "guest needs sudo without a password" in outcome.reason


async def test_debians_own_script_is_asked_and_hands_on_to_systemd(machine: SystemdMachine) -> None:
    ssh = ResourcePlan("ssh", LsbAgent("ssh"), interval=0.2, timeout=5.0)
    async with running_agent(machine.instance("sudoer"), str(machine.client_key), plan(ssh)) as (agent, sightings):
        await sightings.probe(Verdict.PASSED)
        assert (await agent.start(ssh, {})).ok  # it runs, by systemd's word
        assert (await agent.execute("systemctl is-active ssh", {}, 10)).output.strip() == "active"

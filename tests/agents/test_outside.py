"""Checks from the controller: reported while SSH is down, and passed only by a service that answers."""

from __future__ import annotations

import pytest

from pcloud.model.plan import Check, HttpCheck, ResourcePlan, TcpCheck
from pcloud.model.ports import ContactMissed
from pcloud.model.words import Origin, Verdict
from tests.agents.machine import Machine, free_port
from tests.agents.services import page, serving
from tests.agents.sightings import plan, watching

pytestmark = pytest.mark.real


def outside(*what: TcpCheck | HttpCheck, timeout: float = 10.0) -> ResourcePlan:
    checks = (Check(str(key), one, interval=0.1, timeout=timeout, origin=Origin.CONTROLLER) for key, one in enumerate(what))
    return ResourcePlan("site", None, tuple(checks))


async def test_they_report_while_the_machine_does_not_answer_ssh(stopped_machine: Machine) -> None:
    address = stopped_machine.address
    async with serving(address, page("<title>Shop</title>")) as port, serving(address, page("x", "503 Busy")) as busy:
        site = outside(
            HttpCheck(f"http://{address}:{port}/", 200, "<title>"),
            HttpCheck(f"http://{address}:{port}/", 200, "absent words"),
            HttpCheck(f"http://{address}:{busy}/"),
            HttpCheck(f"http://{address}:{free_port(address)}/"),
            TcpCheck(port),
            TcpCheck(free_port(address)),
        )
        async with watching(stopped_machine, plan(site)) as (_, sightings):
            await sightings.first(ContactMissed)
            await sightings.probe(Verdict.PASSED, key="0")
            assert (await sightings.probe(Verdict.MISSED, key="1")).reason == "the answer lacks: absent words"
            assert (await sightings.probe(Verdict.MISSED, key="2")).reason == "status 503 instead of 200"
            await sightings.probe(Verdict.MISSED, key="3")
            await sightings.probe(Verdict.PASSED, key="4")
            assert "connection refused" in (await sightings.probe(Verdict.MISSED, key="5")).reason


async def test_a_service_that_only_accepts_does_not_pass(stopped_machine: Machine) -> None:
    address = stopped_machine.address
    async with serving(address, b"", hold=True) as mute:
        site = outside(TcpCheck(mute), HttpCheck(f"http://{address}:{mute}/"), timeout=0.3)
        async with watching(stopped_machine, plan(site)) as (_, sightings):
            await sightings.probe(Verdict.MISSED, key="0")
            assert (await sightings.probe(Verdict.MISSED, key="1")).reason == "timed out after 0.3s"


async def test_a_change_is_told_once_and_again_when_asked(stopped_machine: Machine) -> None:
    address = stopped_machine.address
    port = free_port(address)
    site = outside(HttpCheck(f"http://{address}:{port}/"))
    async with serving(address, page(""), port=port), watching(stopped_machine, plan(site)) as (agent, sightings):
        await sightings.probe(Verdict.PASSED)
        so_far = len(sightings.all)
        agent.probe_again()
        await sightings.probe(Verdict.PASSED, after=so_far)

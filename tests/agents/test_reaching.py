"""Reaching a port from inside a machine: only a service's own words are an answer."""

from __future__ import annotations

import asyncio
import signal
import socket

import pytest

from pcloud.model.ports import ContactMissed, ContactSeen
from pcloud.model.words import Reach
from tests.agents.machine import Machine, free_port
from tests.agents.processes import send
from tests.agents.services import page, serving
from tests.agents.sightings import plan, watching

pytestmark = pytest.mark.real


async def test_a_banner_and_an_answer_to_a_question_both_count(machine: Machine) -> None:
    async with (
        serving(machine.address, page("hello")) as asks,
        serving(machine.address, b"", banner=b"220 hello\r\n") as greets,
        watching(machine, plan()) as (agent, sightings),
    ):
        await sightings.first(ContactSeen)
        assert await agent.reach(machine.address, asks, 10) is Reach.ANSWERED
        assert await agent.reach(machine.address, greets, 10) is Reach.ANSWERED
        assert await agent.reach(machine.address, machine.port, 10) is Reach.ANSWERED


async def test_a_closed_port_refuses_and_a_mute_one_is_silent(machine: Machine) -> None:
    async with serving(machine.address, b"", hold=True) as mute, watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.reach(machine.address, free_port(machine.address), 10) is Reach.REFUSED
        assert await agent.reach(machine.address, mute, 1) is Reach.SILENT


async def test_a_listener_that_accepts_nobody_is_silent(machine: Machine) -> None:
    with socket.socket() as listener:
        listener.bind((machine.address, 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):  # its backlog is full
            async with watching(machine, plan()) as (agent, sightings):
                await sightings.first(ContactSeen)
                for _ in range(2):
                    assert await agent.reach(machine.address, listener.getsockname()[1], 1) is Reach.SILENT


async def test_who_is_not_connected_or_dying_itself_is_unable_to_say(machine: Machine) -> None:
    async with serving(machine.address, b"", hold=True) as mute, watching(machine, plan(interval=30, timeout=30)) as (agent, sightings):
        assert await agent.reach(machine.address, mute, 1) is Reach.UNABLE
        await sightings.first(ContactSeen)
        for pid in machine.sshd_processes()[1:]:
            send(pid, signal.SIGSTOP)
        assert await agent.reach(machine.address, mute, 1) is Reach.UNABLE
        machine.signal_all(signal.SIGCONT)


async def test_a_witness_that_dies_while_it_listens_is_unable_to_say(machine: Machine) -> None:
    asked = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keep_silent, machine.address, 0) as mute, watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        answer = asyncio.create_task(agent.reach(machine.address, mute.sockets[0].getsockname()[1], 30))
        await asked.wait()
        for pid in machine.sshd_processes()[1:]:
            send(pid, signal.SIGKILL)
        assert await answer is Reach.UNABLE


async def test_where_forwarding_is_forbidden_nobody_can_say(stopped_machine: Machine) -> None:
    stopped_machine.start(forwarding=False)
    async with watching(stopped_machine, plan(timeout=10)) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert await agent.reach(stopped_machine.address, stopped_machine.port, 2) is Reach.UNABLE
        assert not sightings.of(ContactMissed)

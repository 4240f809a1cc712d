"""The link to a machine, against real OpenSSH: seen, missed, unclear, and back by itself."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pcloud.errors import StoreError
from pcloud.model.ports import ContactMissed, ContactSeen, ContactUnclear, ProvisionSeen, ServerSeen
from tests.agents.machine import Machine, keygen
from tests.agents.processes import children_of, send, until
from tests.agents.sightings import plan, running_agent, watching

pytestmark = pytest.mark.real


async def test_a_machine_is_seen_with_its_boot_id_and_nothing_stays_in_it_afterwards(machine: Machine) -> None:
    async with watching(machine, plan()) as (_, sightings):
        assert (await sightings.first(ContactSeen)).boot_id == machine.boot_id
        assert machine.left()


async def test_a_wrong_client_key_is_unclear_and_never_missed(machine: Machine, tmp_path: Path) -> None:
    keygen(tmp_path / "other")
    async with watching(machine, plan(timeout=10), key=str(tmp_path / "other")) as (_, sightings):
        assert "authentication refused" in (await sightings.first(ContactUnclear)).reason
        assert not sightings.of(ContactMissed)


async def test_a_client_key_that_is_not_there_is_unclear(machine: Machine, tmp_path: Path) -> None:
    async with watching(machine, plan(), key=str(tmp_path / "absent")) as (_, sightings):
        assert "cannot be read" in (await sightings.first(ContactUnclear)).reason


async def test_a_key_that_the_store_cannot_read_is_unclear_and_asked_for_again(machine: Machine) -> None:
    asked: list[str] = []

    def key(deployable: str) -> str:
        asked.append(deployable)
        if len(asked) == 1:
            raise StoreError("the disk is gone")
        return str(machine.client_key)

    async with running_agent(machine.instance(), key, plan(timeout=10)) as (_, sightings):
        assert (await sightings.first(ContactUnclear)).reason == "our own key cannot be read: the disk is gone"
        await sightings.first(ContactSeen)
        assert asked == ["shop", "shop"]
        assert not sightings.of(ContactMissed)


async def test_a_changed_host_key_is_unclear(stopped_machine: Machine) -> None:
    stopped_machine.rekey()
    stopped_machine.start()
    async with watching(stopped_machine, plan()) as (_, sightings):
        assert "host key" in (await sightings.first(ContactUnclear)).reason
        assert not sightings.of(ContactSeen)


async def test_without_a_known_host_key_nobody_connects(machine: Machine) -> None:
    async with watching(machine, plan(), instance=machine.instance(host_key="")) as (_, sightings):
        assert "no host key" in (await sightings.first(ContactUnclear)).reason


async def test_a_killed_machine_is_missed_and_comes_back_by_itself(machine: Machine) -> None:
    async with watching(machine, plan()) as (_, sightings):
        await sightings.first(ContactSeen)
        machine.kill()
        missed = await sightings.first(ContactMissed)
        assert "refused" in missed.reason
        assert missed.last_seen is not None
        (machine.root / "run/boot_id").write_text("another\n")
        machine.start()
        assert await sightings.first(ContactSeen, lambda seen: seen.boot_id == "another")


async def test_a_machine_that_was_never_there_is_missed_without_a_last_sign_of_life(stopped_machine: Machine) -> None:
    async with watching(stopped_machine, plan()) as (_, sightings):
        assert (await sightings.first(ContactMissed)).last_seen is None


async def test_a_stopped_machine_is_noticed_and_recovers_when_it_goes_on(machine: Machine) -> None:
    async with watching(machine, plan(interval=0.3, timeout=0.5)) as (_, sightings):
        await sightings.first(ContactSeen)
        machine.signal_all(signal.SIGSTOP)
        await sightings.first(ContactMissed, lambda missed: "banner" in missed.reason)
        so_far = len(sightings.all)
        machine.signal_all(signal.SIGCONT)
        await sightings.first(ContactSeen, after=so_far)


async def test_a_cut_session_is_opened_again_before_anything_is_called_missed(machine: Machine) -> None:
    async with watching(machine, plan(timeout=10)) as (_, sightings):
        await sightings.first(ContactSeen)
        listener = machine.processes()[0]
        for pid in children_of(listener):
            send(pid, signal.SIGKILL)
        await sightings.first(ContactSeen, after=len(sightings.all))
        assert not sightings.of(ContactMissed)


async def test_a_watcher_that_hangs_is_missed_and_replaced(machine: Machine) -> None:
    async with watching(machine, plan(interval=0.3, timeout=0.5)) as (_, sightings):
        await sightings.first(ContactSeen)
        machine.stop_watchers()
        missed = await sightings.first(ContactMissed, lambda missed: "no answer on a living connection" in missed.reason)
        await sightings.first(ContactSeen, after=sightings.all.index(missed))
        for pid in machine.left():
            send(pid, signal.SIGCONT)


async def test_noise_of_rc_files_is_ignored(stopped_machine: Machine) -> None:
    shell = stopped_machine.root / "noisy"
    shell.write_text('#!/bin/sh\nprintf "Welcome!\\n\\377 half a line"\nexec /bin/sh "$@"\n')
    shell.chmod(0o755)
    stopped_machine.start(force=f'{shell} -c "$SSH_ORIGINAL_COMMAND"')
    async with watching(stopped_machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        assert (await agent.execute("echo fine", {}, 20)).output == "fine\n"


async def test_an_account_without_a_shell_is_unclear_and_says_what_it_said(stopped_machine: Machine) -> None:
    stopped_machine.start(force="echo This account is closed. >&2; exit 1")
    async with watching(stopped_machine, plan()) as (_, sightings):
        assert "This account is closed." in (await sightings.first(ContactUnclear)).reason


async def test_a_watcher_of_another_version_is_unclear_and_told_so(stopped_machine: Machine) -> None:
    stopped_machine.start(force="echo; echo pcloud-watcher 2 some-boot-id; exec cat >/dev/null")
    async with watching(stopped_machine, plan()) as (_, sightings):
        reason = (await sightings.first(ContactUnclear)).reason
        assert reason == "its watcher speaks version 2 of the protocol and this controller version 1: update the older of the two"
        assert not sightings.of(ContactSeen)


async def test_the_end_of_the_provisioning_is_seen_with_the_end_of_its_log(machine: Machine) -> None:
    place = machine.root / "var/lib/pcloud"
    async with watching(machine, plan()) as (_, sightings):
        await sightings.first(ContactSeen)
        assert not sightings.of(ProvisionSeen)
        (place / "provision.log").write_text("x" * 3000 + "\ncannot reach the mirror\nE: größer\n")
        (place / "provisioned").write_text("100\n")
        seen = await sightings.first(ProvisionSeen)
        assert seen.status == 100
        assert seen.tail.endswith("\ncannot reach the mirror\nE: größer")
        assert len(seen.tail) <= 2000


async def test_an_agent_that_is_cancelled_while_it_connects_leaves_nothing(machine: Machine) -> None:
    machine.signal_all(signal.SIGSTOP)
    async with watching(machine, plan(timeout=60)):
        await until(lambda: True)
    machine.signal_all(signal.SIGCONT)


async def test_a_server_that_speaks_and_lets_nobody_in_is_told_of_once_it_was_missed(machine: Machine) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-at-its-limits\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        instance = replace(machine.instance(), address="127.0.0.1", port=server.sockets[0].getsockname()[1])
        async with watching(machine, plan(timeout=10), instance=instance) as (_, sightings):
            await sightings.first(ServerSeen)
            assert [type(each) for each in sightings.all[:2]] == [ContactMissed, ServerSeen]
            await sightings.first(ContactMissed, after=2)


async def test_what_does_not_answer_is_tried_at_once_where_somebody_wants_to_know(machine: Machine) -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        instance = replace(machine.instance(), address="127.0.0.1", port=server.sockets[0].getsockname()[1])
        async with watching(machine, plan(timeout=10), instance=instance) as (agent, sightings):
            async with asyncio.timeout(60):  # at its own pace it would take 1 + 2 + 4 + 8 + 6 x 15 s
                for tries in range(10):
                    await sightings.first(ContactMissed, after=tries)
                    agent.reach_again()

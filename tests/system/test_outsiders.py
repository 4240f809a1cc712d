"""What others do to a machine behind pcloud's back, and who vouches for the way to one that is alone."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import freeze, members, thaw
from pcloud.model.words import Choice
from tests.system.running import Daemon, until
from tests.system.specs import group, pair

SILENCE = timedelta(seconds=2)  # as the specs say

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


def outsider(daemon: Daemon, name: str, assembly: str) -> tuple[LocalNodeDriver, str]:
    """Somebody else at the same cloud, and the id of the machine there."""
    instance = daemon.assembly(name, assembly).instance
    assert instance is not None
    return LocalNodeDriver(daemon.cloud, "ada"), instance.id


def test_a_machine_that_somebody_else_stops_in_good_order_stays_off(daemon: Daemon) -> None:
    daemon.bring_up(pair())
    machine = daemon.node("pair", "back")
    mark = daemon.newest()
    driver, instance_id = outsider(daemon, "pair", "back")
    driver.stop_node(driver.ex_get_node(instance_id))
    held = daemon.until_event(lambda event: event.assembly == "back" and event.to == "held", "it is held", mark)
    assert held.reason == "external stop: stopped by ada"
    assert held.alert
    assert daemon.decided(mark) == [], daemon.story(mark)
    assert members(machine) == []
    driver.start_node(driver.ex_get_node(instance_id))
    daemon.until_state("pair", "healthy")
    assert daemon.decided(mark) == [], daemon.story(mark)


def test_a_machine_that_somebody_else_reboots_in_good_order_has_not_failed(daemon: Daemon) -> None:
    daemon.bring_up(pair())
    mark = daemon.newest()
    driver, instance_id = outsider(daemon, "pair", "back")
    boot = (daemon.root("pair", "back") / "run" / "boot_id").read_text()
    driver.reboot_node(driver.ex_get_node(instance_id))
    until(lambda: daemon.assembly("pair", "back").state != "healthy", "it is noticed")
    daemon.until_state("pair", "healthy")
    assert (daemon.root("pair", "back") / "run" / "boot_id").read_text() != boot
    assert not [event for event in daemon.events(mark) if event.alert or (event.record and event.record.failures)], daemon.story(mark)
    assert not [event for event in daemon.events(mark) if event.to == "rebooting"], daemon.story(mark)


@contextmanager
def anchor(greeting: bytes) -> Iterator[tuple[str, list[socket.socket]]]:
    """An address where somebody greets whoever connects, and who did; without a greeting he says nothing at all."""
    met: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                met.append(connection)
                connection.sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve, name="anchor")
        serving.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", met
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join(10)
            for connection in met:
                connection.close()


def until_given_up(met: list[socket.socket], after: datetime) -> None:
    """The anchor was asked once more after that moment, and no answer was waited for any longer."""
    until(lambda: datetime.now(UTC) > after, "an anchor would be believed")
    asked = len(met)
    until(lambda: len(met) > asked, "it is asked once more")
    met[asked].settimeout(30)
    with suppress(ConnectionResetError):
        while met[asked].recv(1000):  # what he says to be answered; then he hangs up
            pass


@pytest.mark.parametrize("answers", [True, False], ids=["that answers", "that does not answer"])
def test_a_machine_that_is_alone_is_rebooted_only_on_the_word_of_an_anchor(daemon: Daemon, answers: bool) -> None:
    daemon.end()
    with anchor(b"SSH-2.0-gateway\r\n" if answers else b"") as (address, met):
        daemon.config.write_text(f"[infrastructures.local]\nanchors = {json.dumps([address])}\n")
        daemon.start()
        daemon.bring_up(group())
        mark = daemon.newest()
        machine = daemon.node("group", "m1")
        freeze(machine)
        if answers:
            acted = daemon.until_event(
                lambda event: event.record is not None and event.record.choice is Choice.ACT, "it is condemned", mark
            )
            assert f"no peer can testify, while {address} answers" in acted.reason
        else:
            held = daemon.until_event(lambda event: event.to == "held" and event.assembly == "m1", "it is held", mark)
            assert held.reason == "no second sight"
            until_given_up(met, held.at + 2 * SILENCE)  # held when it had lasted once
            assert daemon.decided(mark) == [], daemon.story(mark)
            thaw(machine)
        daemon.until_state("group", "healthy")
        assert daemon.decided(mark) == ([("group/m1", "reboot")] if answers else []), daemon.story(mark)

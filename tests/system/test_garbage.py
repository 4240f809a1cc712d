"""A machine and clients that send what nobody can read: the daemon goes on, and whoever has nothing to do with it does not notice."""

from __future__ import annotations

import getpass
import random
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.agents.machine import Machine, wait_for_none
from tests.system.running import Daemon, until
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

BODY = b"\xff\0\0\0\0\0\0\0"
FIELDS = b"\x08\x01g\0\x03a()\0"  # a signature that a reader of D-Bus may never come to the end of
MESSAGE = struct.pack("<cBBBIII", b"l", 4, 0, 1, len(BODY), 7, len(FIELDS)) + FIELDS + b"\0" * (-(16 + len(FIELDS)) % 8) + BODY
PRINTS = """#!/bin/sh
case $SSH_ORIGINAL_COMMAND in *bridge*) printf 'OK 0123456789abcdef0123456789abcdef\\r\\n'; cat {message}; exec cat {noise} ;; esac
printf 'Welcome\\377\\n\\0\\npcloud-watcher 1 boot-1\\n'
echo x >>{begun}
while :; do
  for serial in 1 2 3 4 5 6 7 8 9; do printf 'r %d.0 %05000d x\\nr %d.%05000d 0 x\\n' $serial 1 $serial 1; done
  printf 'pcloud-watcher %05000d x\\np %05000d\\nstoppin' 2 1
  cat {noise}
  printf '\\033[2J\\nh\\303\\n'
  cat {endless}
done
"""
SENT = (
    *(b"", b"\0" * 9000, b"\r\n" * 500, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0", b"GET /v1/" + b"x" * 200_000),
    *(b"GET /v1/daemon HTTP/1.1\r\nX: " + b"y" * 200_000, b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{"),
    b"POST /v1/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /v1/deployables HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\nContent-Type: application/json\r\n\r\n" + b"[" * 60_000,
    b"GET /v1/events?after=" + b"9" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/deployables/%00%ff%2e%2e HTTP/1.1\r\nHost: \xff\r\n\r\n",
)


@pytest.fixture
def noisy(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose every session prints garbage."""
    place = tmp_path / "noisy"
    place.mkdir()
    machine = Machine(place)
    try:
        (place / "message").write_bytes(MESSAGE)
        (place / "noise").write_bytes(random.Random(3).randbytes(300_000))
        (place / "endless").write_bytes(b"x" * 300_000)
        script = place / "print"
        script.write_text(PRINTS.format(**{name: place / name for name in ("message", "noise", "endless", "begun")}))
        script.chmod(0o755)
        machine.start(force=str(script))
        yield machine
    finally:
        machine.clean()
    wait_for_none(machine)


def spec(machine: Machine) -> str:
    return f"""
deployable: noisy
infrastructure: local
defaults:
  monitor: {{interval: 200ms, timeout: 1s, silence: 2s}}
assemblies:
  rack:
    address: {machine.address}
    monitor: {{user: {getpass.getuser()}, port: {machine.port}, host_key: "{machine.host_key}"}}
    resources:
      web: {{agent: 'systemd:web.service', checks: [{{tcp: {machine.port}, from: controller}}]}}
"""


def send_garbage(daemon: Daemon) -> None:
    """From clients that do not wait for an answer."""
    for text in SENT:
        with socket.socket(socket.AF_UNIX) as client, suppress(BrokenPipeError, ConnectionResetError):
            client.settimeout(60)
            client.connect(str(daemon.socket))
            client.sendall(text)


def test_a_machine_and_clients_that_send_garbage_disturb_nobody_else(daemon: Daemon, noisy: Machine, tmp_path: Path) -> None:
    daemon.bring_up(group(count=2))
    assert daemon.process is not None
    pid = daemon.process.pid
    daemon.create(spec(noisy))
    daemon.client.start("noisy")

    def key() -> str:
        return daemon.assembly("noisy", "rack").reason.partition("its authorized_keys must have the line: ")[2]

    line = until(key, "it says which key it has")
    with (tmp_path / "noisy" / "authorized").open("a") as file:
        file.write(f"{line}\n")
    begun = tmp_path / "noisy" / "begun"
    until(lambda: begun.exists() and begun.stat().st_size >= 4, "it was listened to twice")
    mark = daemon.newest()
    for _ in range(3):
        send_garbage(daemon)
    daemon.kill_service("group", "m1")
    daemon.until_event(lambda event: event.target == "group/m1/sleeper" and event.to == "healthy", "it is restarted", mark)
    heard = begun.stat().st_size
    until(lambda: begun.stat().st_size > heard, "it is listened to again meanwhile")
    daemon.until_state("group", "healthy")
    assert daemon.client.daemon().pid == pid
    others = [decided for decided in daemon.decided(mark) if not decided[0].startswith("noisy")]
    assert others == [("group/m1/sleeper", "restart")], daemon.story(mark)
    assert "Traceback" not in daemon.log.read_text(errors="replace"), daemon.log_end()

"""A real OpenSSH server on a loopback address of its own, as the current user: a machine as far as an agent can tell."""

from __future__ import annotations

import getpass
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from pcloud.model.instance import Instance
from tests.agents.processes import children_of, command_of, kill_marked, marked, send, until_now

SSHD = "/usr/sbin/sshd"


def keygen(path: Path) -> str:
    """Make a key pair; its public line."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True, timeout=10)
    return path.with_suffix(".pub").read_text().strip()


def own_address() -> str:
    """A loopback address that no other test uses at the same time."""
    return f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class Machine:
    """Its processes carry ``PCLOUD_ROOT=<root>``, which is also how leftovers are found."""

    def __init__(self, place: Path) -> None:
        self.root = place / "root"
        self.address = own_address()
        self.port = free_port(self.address)
        self.client_key = place / "client"
        self._place = place
        self._sshd: subprocess.Popen[bytes] | None = None
        self.marker = f"PCLOUD_ROOT={self.root}\0"
        for folder in ("run", "var/lib/pcloud"):
            (self.root / folder).mkdir(parents=True)
        self.boot_id = "6d1c9e5e-0000-4000-8000-000000000001"
        (self.root / "run/boot_id").write_text(self.boot_id + "\n")
        (place / "authorized").write_text(keygen(self.client_key) + "\n")
        self.host_key = keygen(place / "host")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)

    def instance(self, **changes: object) -> Instance:
        settings: dict[str, object] = {
            "id": "i-1",
            "generation": 1,
            "address": self.address,
            "port": self.port,
            "user": getpass.getuser(),
            "host_key": self.host_key,
        }
        return Instance(**(settings | changes))  # type: ignore[arg-type]

    def start(self, *, force: str = "", forwarding: bool = True) -> None:
        """Start sshd and wait until it listens. ``force`` is a ForceCommand."""
        assigned = {"PCLOUD_ROOT": str(self.root), "PCLOUD_ADDRESS": self.address}
        lines = [
            f"Port {self.port}",
            f"ListenAddress {self.address}",
            f"HostKey {self._place / 'host'}",
            f"AuthorizedKeysFile {self._place / 'authorized'}",
            "PidFile none",
            "StrictModes no",
            "UsePAM yes",
            "UseDNS no",
            "PermitRootLogin yes",
            "LogLevel ERROR",
            f"AllowTcpForwarding {'yes' if forwarding else 'no'}",
            "SetEnv " + " ".join(f'{name}="{value}"' for name, value in assigned.items()),
        ]
        if force:
            lines.append(f"ForceCommand {force}")
        config = self._place / "sshd_config"
        config.write_text("\n".join(lines) + "\n")
        with (self._place / "sshd.log").open("ab") as log:
            self._sshd = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log, start_new_session=True)
        until_now(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(5)
            return probe.connect_ex((self.address, self.port)) == 0

    def processes(self) -> list[int]:
        """The listener and everything below it."""
        return [] if self._sshd is None else [self._sshd.pid, *children_of(self._sshd.pid)]

    def stop_watchers(self) -> None:
        """SIGSTOP for all that runs in sessions, including what is being forked meanwhile.

        Once for each: a shell that waits for a child stopped between vfork and exec sleeps in the kernel, and never gets as far as state T.
        """
        stopped: set[int] = set()
        while moving := self.left().keys() - stopped:
            for pid in moving:
                send(pid, signal.SIGSTOP)
            stopped |= moving

    def signal_all(self, number: int) -> None:
        for pid in self.processes():
            send(pid, number)

    def sshd_processes(self) -> list[int]:
        return [pid for pid in self.processes() if command_of(pid).startswith("sshd:")]

    def kill(self) -> None:
        """Everything at once, as a crash would, including what is being forked meanwhile."""
        if self._sshd is not None:
            self.signal_all(signal.SIGKILL)
            self._sshd.wait(10)
            self._sshd = None
            while self.left():
                kill_marked(self.marker)

    def rekey(self) -> None:
        """Another host key, from the next start on."""
        for name in ("host", "host.pub"):
            (self._place / name).unlink()
        keygen(self._place / "host")

    def left(self) -> dict[int, str]:
        return marked(self.marker)

    def clean(self) -> None:
        """End everything, whatever the test did."""
        self.kill()
        kill_marked(self.marker)


def wait_for_none(machine: Machine) -> None:
    """Fails when processes of the machine stay."""
    deadline = time.monotonic() + 10
    while left := machine.left():
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.05)

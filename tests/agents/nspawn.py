"""A real machine with its own systemd, sshd and address: systemd-nspawn on an overlay of a root file system that is built once.

Rules: everything is taken down whatever happens: the container, the mount, its end of the virtual cable.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pcloud.model.instance import Instance
from tests.agents.machine import keygen
from tests.agents.processes import children_of

CACHE = Path(__file__).parents[2] / ".cache"
PACKAGES = "systemd,systemd-sysv,libpam-systemd,dbus,openssh-server,iproute2,sudo,python3,libfaketime"
"""python3: for whole daemons in a machine; libfaketime: for clocks that are wrong."""
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
TOOLS = ("systemd-nspawn", "mmdebstrap", "ip", "ssh-keygen")


def why_not() -> str:
    """Why no machine can be booted here; empty if one can."""
    if os.geteuid() != 0:
        return "only root may boot a machine"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"missing here: {', '.join(missing)}" if missing else ""


def run(*command: str | Path, timeout: float = 30) -> None:
    done = subprocess.run(command, check=False, timeout=timeout, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stderr)


def root_file_system() -> Path:
    """Debian with systemd."""
    return file_system("systemd-machine", PACKAGES, "chroot $1 systemctl enable systemd-networkd")


def file_system(name: str, packages: str, *hooks: str) -> Path:
    """Debian with these packages, built on first use (half a minute) and kept in the checkout's ignored cache."""
    CACHE.mkdir(exist_ok=True)
    place = CACHE / f"{name}-{zlib.crc32(packages.encode()):08x}"
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            for older in CACHE.glob(f"{name}-*"):
                shutil.rmtree(older)
            being_built = CACHE / f"{name}.new"
            shutil.rmtree(being_built, ignore_errors=True)
            being_built.mkdir()
            options = ("--quiet", "--variant=minbase", f"--include={packages}", *(f"--customize-hook={hook}" for hook in hooks))
            run("mmdebstrap", *options, "bookworm", being_built, timeout=600)
            being_built.rename(place)
    return place


class SystemdMachine:
    """Boots in about a second; ``instance`` is how an agent finds it."""

    def __init__(self, place: Path) -> None:
        self.client_key = place / "client"
        self._place = place
        self._root = place / "root"
        self._own = place / "own"
        self._name = f"t{random.randrange(16**8):08x}"
        net = f"10.213.{random.randint(0, 255)}.{4 * random.randint(0, 63)}"
        base, _, last = net.rpartition(".")
        self._host_end, self.address = f"{base}.{int(last) + 1}", f"{base}.{int(last) + 2}"
        self._public = keygen(self.client_key)
        self._host_key = keygen(place / "host")
        self._container: subprocess.Popen[bytes] | None = None

    def instance(self, user: str = "root") -> Instance:
        return Instance("i-1", 1, self.address, 22, user, self._host_key)

    def mount(self, lower: Path, space: str = "") -> None:
        """Mount its root, on which ``space`` is left (as ``16m``) if that is said."""
        self._own.mkdir()
        if space:
            run("mount", "-t", "tmpfs", "-o", f"size={space}", "tmpfs", self._own)
        for place in (self._own / "upper", self._own / "work", self._root):
            place.mkdir()
        layers = f"lowerdir={lower},upperdir={self._own / 'upper'},workdir={self._own / 'work'}"
        run("mount", "-t", "overlay", "overlay", "-o", layers, self._root)

    def configure(self) -> None:
        self.write("etc/systemd/network/10.network", f"[Match]\nName=host0\n[Network]\nAddress={self.address}/30\n")
        self.write("etc/hostname", self._name)
        self.write("etc/ssh/ssh_host_ed25519_key", (self._place / "host").read_text(), 0o600)
        self.write("etc/ssh/ssh_host_ed25519_key.pub", self._host_key)
        self.write("etc/ssh/sshd_config.d/test.conf", "UseDNS no\nHostKey /etc/ssh/ssh_host_ed25519_key\n")
        self.write("etc/systemd/system/payload.service", "[Service]\nExecStart=/bin/sleep 100000\n")
        self.write("etc/systemd/system/broken.service", "[Service]\nExecStart=/bin/sh -c 'echo no database; exit 3'\nType=oneshot\n")
        self.write("etc/sudoers.d/sudoer", "sudoer ALL=(ALL) NOPASSWD: ALL\n", 0o440)
        for user, home in (("sudoer", "home/sudoer"), ("guest", "home/guest")):
            run("chroot", self._root, "useradd", "-m", "-s", "/bin/bash", user)
            self.write(f"{home}/.ssh/authorized_keys", self._public + "\n")
        self.write("root/.ssh/authorized_keys", self._public + "\n", 0o600)
        (self._root / "etc/systemd/system/systemd-networkd-wait-online.service").symlink_to("/dev/null")

    def path(self, inside: str) -> Path:
        """Where a file of the machine is seen from here."""
        return self._root / inside

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def boot(self, *visible: Path) -> None:
        """Boot it; the directories ``visible`` are seen in it at their own places, read-only."""
        binds = [f"--bind-ro={path}" for path in visible]
        options = (
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            "--network-veth",
            f"--machine={self._name}",
            *binds,
        )
        with (self._place / "console.log").open("wb") as console:
            self._container = subprocess.Popen(
                ["systemd-nspawn", *options, "-D", self._root],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        cable = f"ve-{self._name}"
        for _ in range(100):
            if Path(f"/sys/class/net/{cable}").exists():
                break
            try:
                self._container.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError((self._place / "console.log").read_text(errors="replace"))
        run("ip", "address", "add", f"{self._host_end}/30", "dev", cable)
        run("ip", "link", "set", cable, "up")

    def set_clock(self, offset: str) -> None:
        """Its clock is wrong by so much (as ``+365d``) for sshd, its sessions and the payload; systemd and its like do not run under
        a false one.
        """
        settings = {"LD_PRELOAD": FAKETIME, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        words = " ".join(f"{name}={value}" for name, value in settings.items())
        for service in ("ssh", "payload"):
            self.write(f"etc/systemd/system/{service}.service.d/clock.conf", f"[Service]\nEnvironment={words}\n")
        self.write("etc/ssh/sshd_config.d/clock.conf", f"SetEnv {words}\n")

    def run(self, command: str) -> subprocess.CompletedProcess[bytes]:
        """Somebody else logs in as root and does something."""
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "ConnectTimeout=10", "UserKnownHostsFile=/dev/null", "LogLevel=QUIET")
        flags = [word for option in options for word in ("-o", option)]
        whole = ["ssh", "-n", "-i", str(self.client_key), *flags, f"root@{self.address}", command]
        return subprocess.run(whole, check=False, timeout=60, capture_output=True)

    def processes(self) -> list[int]:
        """All of its processes, by their numbers out here."""
        return [] if self._container is None else children_of(self._container.pid)

    @contextmanager
    def frozen_init(self) -> Iterator[None]:
        """Its systemd does nothing for a while; all other processes run on."""
        assert self._container is not None
        init = children_of(self._container.pid)[0]
        os.kill(init, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(init, signal.SIGCONT)

    def clean(self) -> None:
        if self._container is not None:
            for pid in children_of(self._container.pid)[:1]:
                os.kill(pid, signal.SIGKILL)  # the machine's PID 1, with which all of it goes; it would outlive a killed nspawn
            try:
                self._container.wait(20)
            finally:
                self._container.kill()
                self._container.wait(10)
        if Path(f"/sys/class/net/ve-{self._name}").exists():
            run("ip", "link", "delete", f"ve-{self._name}")
        for place in (self._root, self._own):
            if place.is_mount():
                run("umount", place)
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def systemd_machine(
    place: Path, *visible: Path, space: str = "", clock: str = "", prepare: Callable[[SystemdMachine], None] = lambda _: None
) -> Iterator[SystemdMachine]:
    """A machine that is booting, once ``prepare`` has written into it what it needs."""
    machine = SystemdMachine(place)
    try:
        machine.mount(root_file_system(), space)
        machine.configure()
        if clock:
            machine.set_clock(clock)
        prepare(machine)
        machine.boot(*visible)
        yield machine
    finally:
        machine.clean()

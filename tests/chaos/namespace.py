"""A run has network, mounts and processes of its own: nothing of it is seen outside, and nothing is left of it, however it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.world import FAKETIME

PROGRAMS = {
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "nft": "nftables",
    "sshd": "openssh-server",
    "setsid": "util-linux",
}
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
INIT = 'ip link set lo up && "$@"; exit $?'
"""A shell is the first process: it waits for every orphan, as an init system does."""


def why_not() -> str:
    """In one sentence why no run is possible here; "" if one is."""
    if os.getuid() != 0:
        return "chaos needs root: it makes a network namespace with a firewall, mounts, and processes of its own; run it with sudo"
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path=PATH) is None})
    if not FAKETIME.exists():
        missing.append("faketime")
    if missing:
        return f"chaos needs Debian's {', '.join(missing)}; `make setup` installs them"
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False, timeout=30)
    if tried.returncode:
        return f"chaos needs namespaces of its own, which this host refuses: {tried.stderr.strip()}"
    return ""


UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def enter(arguments: Sequence[str]) -> None:
    """Become this suite inside of namespaces of its own."""
    command = [*UNSHARE, "sh", "-c", INIT, "sh", sys.executable, "-m", "tests.chaos", *arguments]
    os.environ["PATH"] = PATH
    os.execvp(command[0], command)


def place() -> Path:
    """An empty directory for one run, on a file system that only this namespace sees."""
    directory = Path("/run/pcloud-chaos") if Path("/run").is_dir() else Path("/tmp/pcloud-chaos")
    subprocess.run(["mount", "-t", "tmpfs", "chaos", directory.parent], check=True)
    directory.mkdir()
    return directory

"""The programs of the host that make machines: ip, mount, systemd-nspawn.

Rules: each call is bounded; what a program says against it is an UnavailableError with its words.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from cpe.shell.infrastructures.local.refusals import UnavailableError

NEEDED = {"systemd-nspawn": "systemd-container", "ip": "iproute2", "mount": "mount", "setsid": "util-linux"}
"""Programs, and the Debian packages that have them."""

PATIENCE = 20.0
"""Seconds for one of them: each talks to the kernel only."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""A daemon's own may lack sbin."""


def missing() -> list[str]:
    """The packages of what is not there."""
    return sorted({package for program, package in NEEDED.items() if shutil.which(program, path=PATH) is None})


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a program to its end."""
    words = [str(word) for word in command]
    environment = {"PATH": PATH, **(env or {})}
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{words[0]}: {error}") from error
    if done.returncode:
        raise UnavailableError(f"{' '.join(words[:4])}: {done.stderr.strip() or f'exit status {done.returncode}'}")

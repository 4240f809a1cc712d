"""The OpenStack lab of a checkout (docs/openstack-lab.md), as the demo uses it: brought up, a daemon of it killed, taken down.

Rules: the lab is a program of its own; what it prints is shown, what it says against something is our error.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pcloud
from pcloud.errors import NotFoundError, PcloudError, RefusedError, TimedOutError

PROGRAM = Path(pcloud.__file__).parents[1] / "packaging" / "lab" / "openstack" / "openstack-lab"
UP = 3600.0  # seconds to bring it up: 90 where everything is cached, ten minutes on a bare machine, more on a busy one
SHORT = 300.0  # seconds for one of its daemons
CLOUDS = "OS_CLIENT_CONFIG_FILE="

Told = Callable[[str], None]


class Lab:
    """The one lab of this machine, in size ``full``."""

    def __init__(self, program: Path = PROGRAM) -> None:
        if not program.exists():
            raise RefusedError(f"there is no OpenStack lab at {program}", "run it from a checkout: make demo-openstack")
        self._program = program

    def check(self) -> None:
        """RefusedError unless this machine can have one, and has none."""
        if os.geteuid() != 0:
            raise RefusedError("only root can bring up the OpenStack lab", "run it with sudo")
        if self._status():
            raise RefusedError("a lab is up already on this machine, or half up", "take it down with: make openstack-lab-down")

    def up(self, told: Told) -> None:
        """Bring it up; each line that it prints is told."""
        words = [str(self._program), "up", "full"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            said = ""
            for line in process.stdout or ():
                said = line.rstrip()
                told(said)
        if process.returncode != 0:
            raise PcloudError(f"the lab did not come up: {said}", "take the rest of it down with: make openstack-lab-down")

    def down(self) -> None:
        """Take it down, from whatever state."""
        self._ask("down")

    def clouds(self) -> Path | None:
        """The accounts of a lab that is up; None where none is."""
        found = [line.removeprefix(CLOUDS) for line in self._status() if line.startswith(CLOUDS)]
        return Path(found[0]) if found else None

    def _status(self) -> list[str]:
        """What the program says of a lab; nothing where there is none."""
        return subprocess.run((self._program, "status"), capture_output=True, text=True, timeout=SHORT, check=False).stdout.splitlines()

    def stop(self, daemon: str) -> None:
        """Kill one of its daemons, as a crash would."""
        self._ask("stop", daemon)

    def start(self, daemon: str) -> None:
        """Start it again; it answers afterwards."""
        self._ask("start", daemon)

    def _ask(self, *words: str) -> None:
        try:
            done = subprocess.run((self._program, *words), capture_output=True, text=True, timeout=SHORT, check=False)
        except subprocess.TimeoutExpired as error:
            raise TimedOutError(f"openstack-lab {' '.join(words)} has not ended after {SHORT:g}s") from error
        if done.returncode != 0:
            raise PcloudError(f"openstack-lab {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")


def guest_process(server: str) -> int:
    """The QEMU process of a server; NotFoundError."""
    found = next((pid for pid, words in processes() if is_guest(words, server)), None)
    if found is None:
        raise NotFoundError(f"no QEMU of the server {server} runs on this machine")
    return found


def is_guest(words: list[str], server: str) -> bool:
    """Whether this command line is the QEMU of that server: Nova gives its own id to libvirt, and that to QEMU."""
    return "qemu-system" in words[0] and ("-uuid", server) in pairwise(words)


def processes() -> Iterator[tuple[int, list[str]]]:
    """All with a command line, by their numbers."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0]:
            yield int(place.name), words

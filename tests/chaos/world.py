"""One world: a controller, its state on a small file system of its own, its machines, and the files by which they are told faults."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.applications import INFRASTRUCTURES
from tests.chaos.controller import Controller
from tests.chaos.daemon import own_group
from tests.chaos.site import Site

STORE_SIZE = "48m"
"""Of the file system under the store: some times what a run writes."""
CLOUDS_SIZE = "1g"
GROUPS = {"pcloud": 4201, "naive": 4202}
"""No real group has these numbers; what else runs in the namespace has none of them."""

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), Path("/nowhere"))
"""What fakes the clock of a program with threads; Debian has it below the name of the architecture."""


@dataclass(frozen=True, slots=True)
class World:
    """``state`` can be full or read-only while the machines below ``site.clouds`` go on."""

    directory: Path
    site: Site
    controller: Controller
    log: Path
    proxy: int = 0

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def failpoints(self) -> Path:
        return self.directory / "failpoints"

    @property
    def clock(self) -> Path:
        return self.directory / "clock"

    @property
    def socket(self) -> Path:
        return self.directory / "api.sock"


def make(directory: Path, name: str, log: Path, *, monotonic: bool = False, proxy: int = 0) -> World:
    """A world whose controller is not started yet. ``monotonic``: clock faults set its monotonic clock too."""
    state, group = directory / "state", GROUPS[name]
    (state / "clouds").mkdir(parents=True)
    mount(state, STORE_SIZE)
    (state / "clouds").mkdir()
    mount(state / "clouds", CLOUDS_SIZE)
    (directory / "failpoints").touch()
    (directory / "clock").write_text("+0\n")
    python = own_group(directory / "python")
    if name == "pcloud":
        config = directory / "pcloud.toml"
        config.write_text("crash_loop_starts = 0\n" + "".join(f'[infrastructures.{each}]\ndriver = "local"\n' for each in INFRASTRUCTURES))
        places = ["--state", state, "--socket", directory / "api.sock", "--config", config]
        command = [sys.executable, "-m", "tests.chaos.daemon", python, *places]
    else:
        command = [sys.executable, "-m", "tests.chaos.naive", python, state]
    controller = Controller(command, log, environment(directory, monotonic=monotonic), group)
    controller.before_start.append(directory / "failpoints")
    return World(directory, Site(name, state / "clouds", group), controller, log, proxy)


def environment(directory: Path, *, monotonic: bool) -> dict[str, str]:
    """The controller's: its clock is set by a file, its failpoints are told by one."""
    return {
        **os.environ,
        "PCLOUD_FAILPOINTS": f"@{directory / 'failpoints'}",
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(directory / "clock"),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "0" if monotonic else "1",
        "FAKETIME_DISABLE_SHM": "1",
    }


def mount(where: Path, size: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "chaos", where], check=True)

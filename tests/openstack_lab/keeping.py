"""One lab for all tests that need it: brought up with the first of them, taken down at the end; one that was up before stays up.

Rules: nothing of it but packages may be left on this machine then; what looks at the whole comes last, and behind it only what takes labs
up and down by itself, so that one is enough.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from openstack_lab import packages, room
from openstack_lab.settings import HOME, Settings, Size, saved
from tests.openstack_lab.traces import Traces, traces

PROGRAM = Path(room.__file__).parent.parent / "openstack-lab"
BOTH = 1500  # seconds to bring it up on a machine that has much else to do
LAST = ("test_real_end", "test_real_kills")
"""The files of tests that come behind all others, in this order."""


def lab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=BOTH, check=False)


def gone_without_a_trace(before: Traces) -> None:
    down = lab("down")
    assert down.returncode == 0, down.stderr
    assert traces() == before
    assert {path.name for path in HOME.glob("*")} <= {"cache"}
    again = lab("down")
    assert again.returncode == 0, again.stderr


def furnish(size: Size) -> None:
    """The packages that a lab needs, which stay, and may bring files to /etc."""
    if missing := packages.missing(Settings(size=size)):
        (HOME / "cache").mkdir(parents=True, exist_ok=True)
        packages.install(missing, HOME / "cache" / "packages.log", print)


class Keeper:
    """What this process knows of the lab; ``said`` is what bringing it up printed."""

    def __init__(self) -> None:
        self._before: Traces | None = None
        self.said = ""

    def ensure(self, size: Size | None = None) -> Path:
        """The clouds.yaml of a lab that is up, in that size; without one in whatever size there is, else ``fake``."""
        if not (HOME / "clouds.yaml").exists():
            wanted: Size = size or "fake"
            furnish(wanted)
            self._before = traces()
            up = lab("up", wanted)
            assert up.returncode == 0, up.stdout + up.stderr
            self.said = up.stdout
        settings = saved(HOME)
        assert settings is not None
        assert size in (None, settings.size), f"a lab of the size {settings.size} is up: make openstack-lab-down"
        return settings.clouds

    def down(self) -> None:
        """What was brought up here is taken down, and has left nothing."""
        if self._before is not None:
            before, self._before, self.said = self._before, None, ""
            gone_without_a_trace(before)


KEEPER = Keeper()

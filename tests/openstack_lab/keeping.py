"""One lab for all tests that need it: brought up with the first of them, taken down at the end; one that was up before stays up."""

from __future__ import annotations

import subprocess
from pathlib import Path

from openstack_lab import room
from openstack_lab.settings import HOME

PROGRAM = Path(room.__file__).parent.parent / "openstack-lab"
BOTH = 1500  # seconds to bring it up on a machine that has much else to do


def lab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=BOTH, check=False)


class Keeper:
    """What this process knows of the lab."""

    def __init__(self) -> None:
        self._ours = False

    def ensure(self) -> Path:
        """The clouds.yaml of a lab that is up."""
        if not (HOME / "clouds.yaml").exists():
            self._ours = True
            up = lab("up", "fake")
            assert up.returncode == 0, up.stdout + up.stderr
        return HOME / "clouds.yaml"

    def down(self) -> None:
        """Take down what was brought up here: at the end, and for tests that bring up their own."""
        if self._ours:
            self._ours = False
            down = lab("down")
            assert down.returncode == 0, down.stderr


KEEPER = Keeper()

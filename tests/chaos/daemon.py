"""The daemon as this suite starts it: `python -m tests.chaos.daemon PYTHON ARGUMENTS…`, PYTHON being what its machines run with.

Rules: the daemon's sockets carry a group of their own, by which the firewall knows them; its machines must not inherit that, and
``own_group`` makes the program that takes it from them.
"""

from __future__ import annotations

import select
import sys
import time
from pathlib import Path

from cpe.daemon.main import main


def own_group(path: Path) -> Path:
    """A program that is this Python without the group of whoever runs it."""
    path.write_text(f'#!/bin/sh\nexec setpriv --regid 0 --clear-groups {sys.executable} "$@"\n')
    path.chmod(0o755)
    return path


def sleep(seconds: float) -> None:
    """time.sleep for a clock that is faked: faketime 0.9.10 spoils clock_nanosleep where the monotonic clock is left alone."""
    select.select([], [], [], max(0.0, seconds))


if __name__ == "__main__":
    time.sleep = sleep
    sys.executable = sys.argv.pop(1)
    main()

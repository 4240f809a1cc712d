"""Waiting for something to become so, in real time, without guessing how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds after which it is called a failure: many times what anything here takes on a busy machine."""


SLOW = 300.0
"""Seconds, of what a whole OpenStack does on a busy machine."""


def until(claim: Callable[[], T], what: str = "", patience: float = PATIENCE) -> T:
    """The first true value of ``claim``."""
    deadline = time.monotonic() + patience
    while not (value := claim()):
        assert time.monotonic() < deadline, f"never became so: {what or claim}"
        time.sleep(0.02)
    return value

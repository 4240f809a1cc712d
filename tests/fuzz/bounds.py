"""Whether work and memory stay bounded, told without a clock: by the calls that were made, and by what was allocated at the most.

Rules: a call is one of Python's or of C's (sys.setprofile); what one call of C's takes is bounded by the timeout of the fuzzer, and of the
test. Both grow with the input's length at the most.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(frozen=True)
class Bounds:
    """``calls`` and ``memory`` (bytes) for an input of no length; ``calls_each`` and ``memory_each`` for each of its bytes."""

    calls: int = 100_000
    calls_each: int = 2_000
    memory: int = 16 << 20
    memory_each: int = 20_000


class TooMuch(BaseException):
    """Passes whatever catches exceptions: the work must end here."""


@contextmanager
def within(bounds: Bounds, length: int) -> Iterator[None]:
    """AssertionError where the block does more than that for an input of that length."""
    left = bounds.calls + bounds.calls_each * length

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        left -= event in ("call", "c_call")
        if left < 0:
            raise TooMuch

    most = bounds.memory + bounds.memory_each * length
    before = sys.getprofile()
    tracemalloc.start()
    try:
        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(before)
            _, peak = tracemalloc.get_traced_memory()
    except TooMuch:
        raise AssertionError(f"more than {bounds.calls + bounds.calls_each * length:,} calls for {length} bytes") from None
    finally:
        tracemalloc.stop()
    assert peak <= most, f"{peak:,} bytes of memory for {length} bytes, and not {most:,}"

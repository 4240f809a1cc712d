"""How the policy says things: durations, counters, targets."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(1024)  # a plan has a handful of them, and each is told again and again
def duration(seconds: float) -> str:
    """``90`` → ``1m30s``; fractions only below a minute."""
    if seconds < 60:
        return f"{seconds:.3g}s"
    whole = round(seconds)
    parts = ((whole // 86400, "d"), (whole % 86400 // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def counted(failures: int, of: int, within: float) -> str:
    """``failure 1 of 3 in 10m``."""
    if of == 0:
        return f"failure {failures} in {duration(within)}, never escalates"
    return f"failure {failures} of {of} in {duration(within)}"


def soon(delay: float) -> str:
    """`` in 5s``, or nothing where it is done at once."""
    return f" in {duration(delay)}" if delay > 0 else ""

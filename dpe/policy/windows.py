"""Failure windows and delays (policy.md section 3, rules 1, 2 and 4)."""

from __future__ import annotations

from pcloud.model.plan import RungSettings


def within(times: tuple[float, ...], at: float, length: float) -> tuple[float, ...]:
    """The times that are not older than ``length`` at ``at``; the boundary is inclusive.

    A nanosecond of tolerance: 0.9 + 0.9 must be 1.8 even where floats differ.
    """
    return tuple([time for time in times if at - time <= length + 1e-9])


def append(times: tuple[float, ...], at: float, settings: RungSettings) -> tuple[float, ...]:
    """The window with one more failure at ``at``, older ones dropped."""
    return (*within(times, at, settings.within), at) if times else (at,)


def full(times: tuple[float, ...], settings: RungSettings) -> bool:
    """Whether this failure is the N-th; never where failures are 0 (-1 or INFINITY in the spec)."""
    return 0 < settings.failures <= len(times)


def escalates(times: tuple[float, ...], settings: RungSettings, tried: tuple[float, ...]) -> bool:
    """Whether the last failure of a window goes to the next rung: it is full, and the rung's own action was tried meanwhile.

    ``tried`` are the times at which that was begun; where N is 1 it is not asked for (rule 3.2).
    """
    return full(times, settings) and (settings.failures == 1 or any(time >= times[0] for time in tried))


def delay(count: int, settings: RungSettings) -> float:
    """Seconds before the rung's action for the ``count``-th failure in the window, without jitter."""
    if count <= 1:
        return 0.0
    # 2^60 delays are centuries: the bound keeps the power a float.
    return min(settings.max_delay, settings.delay * 2.0 ** min(count - 2, 60))

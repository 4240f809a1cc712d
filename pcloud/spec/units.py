"""Durations and sizes as people write them: ``5s``, ``1h30m``, ``250ms``, ``512MiB``, ``5GiB``.

Rules: durations become float seconds, sizes become bytes; ValueError says what was expected.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
"""Largest first, which is also the order in which they are written."""

BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

LONGEST = 10 * 365 * SECONDS["d"]
"""Ten years: what is longer is a slip of the hand, and would lose precision beside monotonic time."""

LARGEST = 2**60
"""An exbibyte: no cloud sells a larger volume, and it fits every integer that a cloud's API knows."""

DURATION_HINT = "write a duration such as 5s, 10m, 1h30m or 250ms, or a number of seconds"
SIZE_HINT = "write a size such as 512MiB or 5GiB"

_NUMBER = r"([0-9]{1,15}(?:\.[0-9]{1,9})?)"
_PLAIN = re.compile(_NUMBER)
_DURATION = re.compile("".join(f"(?:{_NUMBER}{unit})?" for unit in SECONDS))
_SIZE = re.compile(rf"{_NUMBER} ?({'|'.join(BYTES)})")

DURATION_PATTERN = rf"^\s*({_NUMBER}|(?=\S){_DURATION.pattern})\s*$"
SIZE_PATTERN = rf"^\s*{_SIZE.pattern}\s*$"
"""What the two look like, for JSON schema: regular expressions that Python and ECMAScript read alike."""


def duration(value: object) -> float:
    """Seconds of ``1h30m``, ``250ms``, ``90`` or 90; ValueError for anything else, for less than nothing and for more than ten years."""
    seconds = _seconds(value)
    if seconds is None:
        raise ValueError(f"{shown(value)} is not a duration")
    if seconds > LONGEST:
        raise ValueError(f"{shown(value)} is longer than ten years")
    return seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value > LONGEST:  # before anything that makes a float of it
            return math.inf
        return float(value) if value >= 0 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _PLAIN.fullmatch(text):
        return float(text)
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    return math.fsum(float(part) * factor for part, factor in zip(match.groups(), SECONDS.values(), strict=True) if part)


def duration_text(seconds: float) -> str:
    """The shortest way to write it, to the millisecond: 5400 is ``1h30m``. ``duration`` reads it back."""
    milliseconds = round(seconds * 1000)
    parts = []
    for unit, factor in SECONDS.items():
        count, milliseconds = divmod(milliseconds, round(factor * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def size(value: object) -> int:
    """Bytes of ``5GiB``; ValueError for anything else: a bare number too, since nobody means 5 bytes."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{shown(value)} is not a size")
    count = int(Fraction(match[1]) * BYTES[match[2]])
    if not 0 < count <= LARGEST:
        raise ValueError(f"{shown(value)} is not a size that a volume can have")
    return count


def shown(value: object, width: int = 60) -> str:
    """A value as it is shown in a message: in quotes if it is text, and never longer than a line bears."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**width:
        return "a number of very many digits"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 1]}…"

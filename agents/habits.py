"""What services and their agents say of their own times, which hold where the spec says nothing (policy.md section 1).

Rules:
- Pure: a machine prints lines ``WORD SPAN`` (start, stop, monitor, interval), and what cannot be read is the usual.
- A systemd unit ends what takes too long by itself, so that ours is later than its limit by some reserve, and never earlier than the usual.
- An OCF agent's metadata names the time in which an action is to be done, as it stands there; nobody else ends it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.pending import seconds
from pcloud.model.plan import ACTION_TIMEOUT
from pcloud.spec.units import LONGEST

ASKING = 25.0
"""Seconds for the machine to tell them: longer than a systemd that executes itself anew is waited for."""
_RESERVE = 10.0
"""Seconds after a unit's own limit: for systemd to kill what is left, and to tell."""
_SHORTEST = 0.1
"""Seconds between two probes; what is shorter is none (OCF's 0 is "once")."""

_PLAIN = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([a-z]*)")
_UNITS = {
    "us": 1e-6, "usec": 1e-6,
    "ms": 1e-3, "msec": 1e-3,
    "": 1.0, "s": 1.0, "sec": 1.0,
    "m": 60.0, "min": 60.0,
    "h": 3600.0, "hr": 3600.0,
}  # fmt: skip
"""What Pacemaker reads in metadata."""
_ISO = re.compile(r"PT(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?")


@dataclass(frozen=True, slots=True)
class Habits:
    """Seconds of a start, of a stop and of a monitor, and from one monitor to the next; None where nobody says it."""

    start: float = ACTION_TIMEOUT
    stop: float = ACTION_TIMEOUT
    monitor: float | None = None
    interval: float | None = None


def read_unit(text: str) -> Habits:
    """What systemd says of a unit; one that sets itself no limit has the usual."""
    said = _words(text)

    def limit(verb: str) -> float:
        own = seconds(said.get(verb, ""))
        return ACTION_TIMEOUT if own is None else max(ACTION_TIMEOUT, own + _RESERVE)

    return Habits(limit("start"), limit("stop"))


def read_metadata(text: str) -> Habits:
    """What the metadata of an OCF agent say."""
    found = {word: span for word, each in _words(text).items() if (span := _span(each)) is not None and _SHORTEST <= span <= LONGEST}
    usual = Habits()
    return Habits(found.get("start", usual.start), found.get("stop", usual.stop), found.get("monitor"), found.get("interval"))


def _words(text: str) -> dict[str, str]:
    return {word: span for word, _, span in (line.partition(" ") for line in text.splitlines())}


def _span(text: str) -> float | None:
    """Seconds of ``20``, ``20s``, ``1500ms``, ``2min`` or ``PT20S``."""
    if (plain := _PLAIN.fullmatch(text.strip().lower())) is not None and plain[2] in _UNITS:
        return float(plain[1]) * _UNITS[plain[2]]
    if (iso := _ISO.fullmatch(text.strip())) is not None and any(iso.groups()):
        return sum(float(part or 0) * unit for part, unit in zip(iso.groups(), (3600.0, 60.0, 1.0), strict=True))
    return None

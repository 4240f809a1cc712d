"""The watcher's lines and words as data.

Rules: pure; a line that is none of ours (an rc file's noise, a half line) is None, never an error.
"""

from __future__ import annotations

import re
import shlex
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from agents.printing import printable
from agents.probes import Probe
from agents.watcher import MARK

VERSION = "1"
"""Of these lines and words. A watcher tells its own first; what speaks another one is not listened to."""
PING = b"ping\n"
PATIENCE = 180
"""Seconds without a word of ours after which a watcher ends itself: far over any pause of the controller, far under TCP's hours."""
SAY_SOMETHING = 60.0
"""Seconds between our words: two may get lost."""
_SPREAD = 1.0
_SPREAD_EACH = 0.02
"""Seconds by which first runs are spread, at most and for each probe: a machine must not start all at once, and nobody waits for long."""
_JITTER = 0.05
"""Part of the interval by which it differs from probe to probe, so that checks do not stay in step for ever."""
_NUMBER = re.compile("[0-9]{1,9}")
"""More than any count of ours; what has more digits was not written by a watcher."""
_STATUS = re.compile("[0-9]{1,3}|timeout")
_UNREADABLE = "unreadable"
"""For a run that has ended nobody knows how: a miss, as every status is that no table names."""
_BOOT_ID = re.compile("[!-~]{1,64}")
"""The kernel's is a UUID; it goes into the state, and onto screens."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The watcher runs."""

    boot_id: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """A watcher runs that speaks another version of the protocol."""

    version: str


@dataclass(frozen=True, slots=True)
class Result:
    """One probe of the set ``serial`` ended with ``status``: an exit status, ``timeout`` or ``unreadable``."""

    serial: int
    index: int
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The provisioning script has ended; ``status`` is the marker's first line."""

    status: str
    tail: str


@dataclass(frozen=True, slots=True)
class Beat:
    """The watcher is alive."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The machine is going down in good order."""


Line = Begun | Foreign | Result | Provisioned | Beat | Stopping


def parse(line: bytes) -> Line | None:
    """What one line says, without its end."""
    words = line.decode("utf-8", "replace").split(" ", 3)
    match words:
        case ["h"]:
            return Beat()
        case ["stopping"]:
            return Stopping()
        case ["pcloud-watcher", version, boot_id] if version == VERSION and _BOOT_ID.fullmatch(boot_id):
            return Begun(boot_id)
        case ["pcloud-watcher", version, *_] if version != VERSION and _NUMBER.fullmatch(version):
            return Foreign(version)
        case ["r", name, status, *rest]:
            serial, _, index = name.partition(".")
            if _NUMBER.fullmatch(serial) and _NUMBER.fullmatch(index):
                ended = status if _STATUS.fullmatch(status) else _UNREADABLE
                return Result(int(serial), int(index), ended, printable(" ".join(rest)))
        case ["p", status, *rest]:
            return Provisioned(
                status if _STATUS.fullmatch(status) else _UNREADABLE,
                "\n".join(printable(part) for part in " ".join(rest).split("\x01")).strip("\n"),
            )
    return None


def probe_set(serial: int, probes: Sequence[Probe], *, seed: str, heartbeat: float, provision: bool) -> bytes:
    """The words that make a watcher run these probes, and no others, from now on. ``seed`` spreads the rhythms of many machines."""
    lines = ["probes", f"heartbeat {heartbeat:g}", f"patience {PATIENCE}"]
    if provision:
        lines.append("provision")
    spread = min(_SPREAD, _SPREAD_EACH * len(probes))
    for index, probe in enumerate(probes):
        share = zlib.crc32(f"{seed}/{probe.resource}/{probe.key}".encode()) / 2**32
        interval = probe.interval * (1 + _JITTER * (2 * share - 1))
        delay = share * min(spread, probe.interval)
        lines.append(f"probe {serial}.{index} {interval:.3f} {probe.timeout:g} {delay:.3f} {shlex.quote(probe.snippet)}")
    return ("\n".join(lines) + "\n" + MARK).encode()


def look(serial: int, index: int) -> bytes:
    """The words that make a watcher run one probe of that set at once and tell its result, whatever it is."""
    return f"look {serial}.{index}\n".encode()

"""Whatever a machine prints where its watcher should: in whatever portions it comes, the same is understood, and only what was said.

Oracle: results do not depend on the portions; what is longer than a line of ours counts for nothing, to its very end; numbers are small,
texts can be printed, patience has an end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from agents.pending import Patience
from agents.probes import Probe
from agents.ssh.sessions import LineSession
from agents.statuses import AGENT, COMMAND, OCF, SCRIPT
from agents.watcher.protocol import Beat, Begun, Foreign, Line, Provisioned, Result, Stopping, parse
from pcloud.model.ports import ProbeSeen
from tests.fuzz.feeding import Feed, portions, stream
from tests.fuzz.loops import in_loop
from tests.fuzz.target import Target

LONGEST = 8192
"""Bytes of a line, as sessions.py has it."""
WORDS = (
    *(b"pcloud-watcher 1 6d1c9e5e-0000-4000-8000-000000000001\n", b"pcloud-watcher 2 abc\n", b"pcloud-watcher 1 \n", b"h\n", b"stopping\n"),
    *(b"r 1.0 0 NRestarts=3 lives=12:99\n", b"r 1.1 7 not running\n", b"r 1.0 96 pending start 1min 30s or infinity: activating\n"),
    *(b"r 1.0 timeout \n", b"r 1.0 ", b"r ", b"p 0 done\x01\n", b"p 1 ", b"pending start 5y or 99999999999999y: x", b"NRestarts=", b"\x01"),
)
PROBES = tuple(Probe("db", "", "", 5, 5, verdicts) for verdicts in (AGENT, OCF, SCRIPT, COMMAND))


def run(data: bytes) -> None:
    feed = Feed(data)
    sizes = [1 + feed.byte() for _ in range(feed.below(4))]
    text = stream(feed, WORDS)
    in_loop(_compare, text, sizes)


async def _compare(text: bytes, sizes: list[int]) -> None:
    once, parted = _heard([text]), _heard(portions(text, sizes))
    assert once == parted, "it depends on the portions"
    said = [parse(line) for line in text.split(b"\n")[:-1] if len(line) <= LONGEST]
    assert once == [line for line in said if line is not None], "what is too long has been listened to"
    patience = Patience()
    for line in once:
        _check(line, patience)


def _heard(parts: Iterable[bytes]) -> list[Line]:
    found: list[Line] = []

    def on_line(raw: bytes) -> bool:
        line = parse(raw)
        if line is not None:
            found.append(line)
        return line is not None

    session = LineSession(on_line)
    for part in parts:
        session.data_received(part, None)
    return found


def _check(line: Line, patience: Patience) -> None:
    match line:
        case Begun(boot_id):
            assert boot_id.isprintable()
            assert 0 < len(boot_id) <= 64
        case Foreign(version):
            assert len(version) < 10
            assert int(version) >= 0
        case Result(serial, index, status, text):
            assert 0 <= serial < 2**63
            assert 0 <= index < 2**63
            assert status in {"timeout", "unreadable"} or 0 <= int(status) <= 999
            assert all(character.isprintable() or character == "\t" for character in text)
            for probe in PROBES:
                _check_seen(probe, status, text, patience)
        case Provisioned(status, tail):
            assert status == "" or status.isprintable()
            assert all(character.isprintable() or character in "\t\n" for character in tail)
        case Beat() | Stopping():
            pass


def _check_seen(probe: Probe, status: str, text: str, patience: Patience) -> None:
    pending = probe.pending(status, text)
    seen = patience.counted(probe.judge(status, text), "" if pending is None else pending.kind, 1.0)
    assert isinstance(seen, ProbeSeen)
    assert seen.reason.replace("\t", "").isprintable()
    assert math.isfinite(seen.patience)
    assert seen.restarts is None or 0 <= seen.restarts < 2**34


WATCHERS = Target("watchers", run, seeds=(b"", bytes([0, *(number for word in range(len(WORDS)) for number in (0, word))])))

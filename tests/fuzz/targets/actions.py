"""Whatever the channel of an action brings: an outcome as the Protocol promises it, and the same in whatever portions it comes.

Also what services say of their own times, which is printed by actions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from agents.habits import Habits, read_metadata, read_unit
from agents.ssh.actions import Ran, outcome_of
from agents.ssh.sessions import ActionSession
from pcloud.spec.units import LONGEST
from tests.fuzz.feeding import Feed, portions, stream
from tests.fuzz.loops import in_loop
from tests.fuzz.target import Target

WORDS = (
    *(b"\npcloud-status 0\n", b"\npcloud-status 127\n", b"\npcloud-status timeout\n", b"\npcloud-status ", b"pcloud-status 1\n"),
    *(b"start 1min 30s\n", b"stop infinity\n", b"start PT20S\n", b"monitor 20\n", b"interval 1500ms\n", b"stop 99999999999999999h\n"),
    *(b"it is broken\n", b"\x1b[31mred\x1b[0m", b"Last login: Tuesday\n"),
)
LIMIT = 8192
"""Bytes of a line, as sessions.py has it."""
TAIL = 2000
"""Characters of an outcome's output, as its Protocol promises."""


def run(data: bytes) -> None:
    feed = Feed(data)
    sizes = [1 + feed.byte() for _ in range(feed.below(4))]
    text = stream(feed, WORDS)
    in_loop(_compare, text, sizes)
    printed = text.decode("utf-8", "replace")
    for habits in (read_unit(printed), read_metadata(printed)):
        _check(habits)


async def _compare(text: bytes, sizes: list[int]) -> None:
    once, parted = _ran([text]), _ran(portions(text, sizes))
    assert once == parted, "it depends on the portions"
    if once is None:
        return
    outcome = outcome_of(once, 90.0)
    assert outcome.status is None or 0 <= outcome.status <= 999
    assert not outcome.lost
    assert len(outcome.output) <= TAIL
    assert len(outcome.reason) <= TAIL + 100
    assert outcome.reason.replace("\t", "").isprintable()


def _ran(parts: Iterable[bytes]) -> Ran | None:
    session = ActionSession()
    for part in parts:
        session.data_received(part, None)
        assert len(session._before) + len(session._output) <= 2 * LIMIT, "it remembers without end"
    session.connection_lost(None)
    return Ran(session.status.result(), session.output[-TAIL:]) if session.status.done() else None


def _check(habits: Habits) -> None:
    for span in (habits.start, habits.stop, habits.monitor, habits.interval):
        assert span is None or (math.isfinite(span) and 0 < span <= 2 * LONGEST)


ACTIONS = Target("actions", run, seeds=(b"", bytes([0, *(number for word in range(len(WORDS)) for number in (0, word))])))

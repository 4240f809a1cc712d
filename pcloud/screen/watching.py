"""A picture that is looked at until somebody has seen enough: in place on a terminal, and piped whenever it changes.

Rules: it only looks; Ctrl-C ends it and gives the terminal back as it was, with the last picture on it; a daemon that goes away is told,
and waited for; what passes with time alone (ages) is no change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from rich.console import Group
from rich.live import Live
from rich.text import Text

from pcloud.errors import AmbiguousError, NoDaemonError, PcloudError, TimedOutError
from pcloud.screen.console import Screen
from pcloud.screen.format import age, clock

TICK = 0.5  # seconds between two looks: quick to the eye, and about a millisecond's work for the daemon

T = TypeVar("T")

GONE = (NoDaemonError, AmbiguousError, TimedOutError)
"""What a daemon that restarts looks like. Anything else ends the watching: what was watched is deleted, or may not be seen."""


@dataclass
class Watch(Generic[T]):
    """``read`` looks, ``lines`` draws what was seen; ``wait`` passes the ``tick`` seconds between two looks."""

    screen: Screen
    read: Callable[[], T]
    lines: Callable[[T], Sequence[Text]]
    wait: Callable[[float], None] = time.sleep
    tick: float = TICK

    def in_place(self) -> None:
        """On a terminal, until Ctrl-C."""
        seen, lost = self.read(), None
        with Live(console=self.screen, screen=True, auto_refresh=False, vertical_overflow="ellipsis") as live:
            try:
                while True:
                    live.update(Group(self._head(lost), *self.lines(seen)), refresh=True)
                    self.wait(self.tick)
                    try:
                        seen, lost = self.read(), None
                    except GONE as error:
                        lost = lost or _Lost(error, time.monotonic())
            except KeyboardInterrupt:
                pass
        self.screen.say_all(self.lines(seen))

    def changes(self, write: Callable[[T], None], told: Callable[[PcloudError], None]) -> None:
        """Into a pipe: ``write`` each look that differs from the one before; ``told`` once of a daemon that is gone. Until interrupted."""
        seen, there = self.read(), True
        write(seen)
        with self.screen.ended_with_reader():
            while True:
                self.wait(self.tick)
                try:
                    now, there = self.read(), True
                except GONE as error:
                    if there:
                        told(error)
                    there = False
                    continue
                if now != seen:
                    write(now)
                seen = now

    def _head(self, lost: _Lost | None) -> Text:
        now = datetime.now(UTC)
        if lost is None:
            return Text(f"{clock(now, now)}  Ctrl-C ends this", "dim")
        return Text(f"{clock(now, now)}  {lost.error}, for {age(time.monotonic() - lost.at)}; this is what it last said", "bold red")


@dataclass(frozen=True)
class _Lost:
    """The daemon is gone, since ``at`` (monotonic)."""

    error: PcloudError
    at: float

"""Words and lines: an event reads ``12:01:03 wordpress/mysql/mysqld  healthy → failed: not running``.

Rules: pure; times are shown in the local zone, with their date when it is not today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from rich.text import Text

from pcloud.model.guards import GuardVerdict
from pcloud.records.event import ALERT, GRANTED, EventRecord

STYLES = {
    "healthy": "green",
    "running": "green",
    "recovered": "green",
    "failed": "bold red",
    "blocked": "bold red",
    "exhausted": "bold red",
    "unhealthy": "red",
    "held": "yellow",
    "suspect": "yellow",
    "suppressed": "yellow",
    "unknown": "yellow",
    "stopped": "dim",
    "absent": "dim",
}
"""Of states; whatever is on its way is cyan."""

ON_ITS_WAY = "cyan"


def clean(text: str) -> str:
    """``text`` on one line and without what would steer a terminal."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """``text`` with its lines, and without what would steer a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def state_text(state: str) -> Text:
    """A state in its colour; of ``held: no second sight`` the first word counts."""
    return Text(clean(state), STYLES.get(state.partition(":")[0], ON_ITS_WAY))


def age(seconds: float) -> str:
    """How long ago, to one figure that matters: 42s, 5m, 3h, 9d."""
    for unit, length, most in (("s", 1, 120), ("m", 60, 120 * 60), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{max(0, int(seconds // length))}{unit}"
    return f"{int(seconds // 86400)}d"


def ago(moment: datetime, now: datetime) -> str:
    return age((now - moment) / timedelta(seconds=1))


def clock(moment: datetime, now: datetime) -> str:
    """The local time, with the date if it is another day than ``now``."""
    local, today = moment.astimezone(), now.astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"


def change_text(before: str | None, after: str | None, reason: str, *, otherwise: str = "") -> Text:
    """``before → after: reason``, of whatever there is; ``otherwise`` is what happened where no state changed."""
    text = Text()
    if before and after:
        text.append_text(state_text(before)).append(" → ").append_text(state_text(after))
    elif after or before:
        text.append_text(state_text(after or before or ""))
    else:
        text.append(clean(otherwise))
    if reason:
        text.append(f": {clean(reason)}" if text else clean(reason))
    return text


def event_line(event: EventRecord, now: datetime) -> Text:
    """One event as people read it."""
    line = Text(f"{clock(event.at, now)} ", "dim")
    line.append(clean(event.target) or "controller", "bold not dim").append("  ", "not dim")
    if event.alert:
        line.append("ALERT", "bold red not dim").append("  ", "not dim")
    otherwise = "" if event.kind == ALERT else event.kind
    reason = f"{event.reason}: {verdicts_text(event.guards)}" if event.guards else event.reason
    return line.append_text(change_text(event.from_, event.to, reason, otherwise=otherwise))


def verdicts_text(guards: Iterable[GuardVerdict]) -> str:
    """``storm let it pass (1 of 8 unhealthy, at most 3); …``."""
    return "; ".join(_verdict_text(each) for each in guards)


def _verdict_text(verdict: GuardVerdict) -> str:
    numbers = f" ({clean(verdict.numbers)})" if verdict.numbers else ""
    return f"{verdict.guard} {'let it pass' if verdict.passed else 'stood in the way'}{numbers}"


def for_people(events: Iterable[EventRecord], only: str = "") -> Iterator[EventRecord]:
    """The events that are a line of the log: of all kinds, or of one; what let a recovery pass is a line where just that is asked for."""
    return told_once(event for event in events if only or event.kind != GRANTED)


def told_once(events: Iterable[EventRecord]) -> Iterator[EventRecord]:
    """The events without the alerts that the event just before them says already: one thing is one line."""
    before: EventRecord | None = None
    for event in events:
        if not says_again(event, before):
            yield event
        before = event


def says_again(event: EventRecord, before: EventRecord | None) -> bool:
    """Whether it is the alert that ``before`` has raised, whose line says all of it already."""
    return event.kind == ALERT and before is not None and before.kind != ALERT and before.alert and before.seq == event.seq - 1

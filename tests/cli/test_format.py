from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.text import Text

from pcloud.records.event import EventRecord
from pcloud.screen.columns import columns
from pcloud.screen.format import age, clean, event_line, told_once

NOW = datetime(2025, 3, 9, 11, 1, 3, tzinfo=UTC)


def event(**more: object) -> EventRecord:
    words: dict[str, object] = {"id": "1", "seq": 1, "at": NOW, "deployable": "wordpress", "kind": "resource"}
    return EventRecord.model_validate(words | more)


def shown(one: EventRecord, now: datetime = NOW) -> str:
    return event_line(one, now).plain


def test_an_event_reads_as_one_line_in_local_time() -> None:
    one = event(
        assembly="mysql",
        resource="mysqld",
        reason="not running; failure 1 of 3 in 10m: restarting",
        **{"from": "healthy", "to": "failed"},
    )
    assert (
        shown(one)
        == f"{NOW.astimezone():%H:%M:%S} wordpress/mysql/mysqld  healthy → failed: not running; failure 1 of 3 in 10m: restarting"
    )


def test_an_event_of_another_day_says_which() -> None:
    assert shown(event(to="stopped"), NOW + timedelta(days=2)) == f"{NOW.astimezone():%Y-%m-%d %H:%M:%S} wordpress  stopped"


def test_an_event_without_states_says_its_kind() -> None:
    assert shown(event(kind="deployable-deleted", reason="asked")).endswith("wordpress  deployable-deleted: asked")


def test_what_would_steer_a_terminal_is_shown_and_not_obeyed() -> None:
    assert clean("a\x1b[2J\nb\r\x07c\u202e") == "a\N{REPLACEMENT CHARACTER}[2J b \N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}"
    assert "\x1b" not in shown(event(reason="\x1b]0;owned\x07", assembly="\x1b[31m"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0s"), (0, "0s"), (119.9, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172799, "47h"), (172800, "2d"), (1e7, "115d")],
)
def test_ages_have_the_one_figure_that_matters(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_columns_align_and_long_reasons_stand_below_on_a_narrow_terminal() -> None:
    rows = [("web", Text("blocked"), "no such image: debian-12 is not among the 41 images there"), ("mysql", Text("up"), "")]
    narrow = [line.plain for line in columns(("NAME", "STATE", "REASON"), rows, 40)]
    assert narrow == [
        "NAME   STATE    REASON",
        "web    blocked",
        "    no such image: debian-12 is not",
        "    among the 41 images there",
        "mysql  up",
    ]
    wide = [line.plain for line in columns(("NAME", "STATE", "REASON"), rows, 100)]
    assert wide[1] == "web    blocked  no such image: debian-12 is not among the 41 images there"


def test_an_alert_stands_out() -> None:
    raised = event(assembly="mysql", kind="decided", from_="suspect", to="held", reason="unreachable", alert=True)
    assert " wordpress/mysql  ALERT  suspect → held: unreachable" in shown(raised)
    assert shown(event(kind="flapping", reason="10 recoveries", alert=True)).endswith(" wordpress  ALERT  flapping: 10 recoveries")
    assert shown(event(kind="alert", reason="10 recoveries", alert=True)).endswith(" wordpress  ALERT  10 recoveries")
    (style,) = {
        str(span.style) for span in event_line(raised, NOW).spans if event_line(raised, NOW).plain[span.start : span.end] == "ALERT"
    }
    assert style == "bold red not dim"


def test_what_raised_an_alert_and_the_alert_itself_are_one_line() -> None:
    raised = event(seq=1, kind="decided", alert=True)
    alert = event(seq=2, kind="alert", alert=True)
    other = event(seq=3, kind="alert", alert=True)
    assert list(told_once([raised, alert, other])) == [raised, other]
    assert list(told_once([alert, other])) == [alert, other]
    assert list(told_once([raised, other])) == [raised, other]

"""Decisions in sentences: what was decided and why, and how it ended.

Rules: pure; everything that is said is in the record or in the events; what machines said is cleaned before it is shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from pcloud.model.actions import TAKEOVER, Decision
from pcloud.model.words import Choice, Rung
from pcloud.records.event import EventRecord
from pcloud.records.explanation import Explanation
from pcloud.screen.format import change_text, clean, clock, told_once, verdicts_text
from pcloud.screen.rules import rule_text
from pcloud.spec.units import duration_text

INDENT = "  "
NARROWEST = 40  # columns for a sentence, even on a narrower terminal
AT_ONCE = 0.05  # seconds: what is shorter would read 0.0s later

DOING = {
    Rung.RESTART: ("restart {}", "{} would have been restarted"),
    Rung.REBOOT: ("reboot {}", "{} would have been rebooted"),
    Rung.RELAUNCH: ("launch {} anew", "{} would have been launched anew"),
    Rung.RELAUNCH_DEPLOYABLE: ("launch all of {} anew", "all of {} would have been launched anew"),
    Rung.RELOCATE: ("move {} to another infrastructure", "{} would have been moved to another infrastructure"),
}
"""What an action does to its target: as an order, and as what did not happen."""

NEXT = {str(Choice.EXHAUSTED): "it is given up, and somebody is called"}
"""What would come, where the policy's own word for it needs another one beside it."""

SPOKEN = {"decided", "alert", "granted", "approved", "released", "contact", "stopping", TAKEOVER}
"""The kinds of events whose reasons say all that there is to say."""

# Records have no word for the mode; these are the policy's own words for what the modes do (policy.md section 5).
OBSERVED = "observed only"
APPROVAL = "waits for approval"


def explanation_lines(explanations: Sequence[Explanation], now: datetime, width: int) -> Iterator[Text]:
    """All of them, with an empty line between two."""
    for number, each in enumerate(explanations):
        if number:
            yield Text()
        yield from _explained(each, now, width)


def _explained(explanation: Explanation, now: datetime, width: int) -> Iterator[Text]:
    event, record = explanation.decision, explanation.decision.record
    if record is None:
        return
    head = f"{clock(event.at, now)} {_headline(event, record)} (decision {record.id})."
    for number, part in enumerate(textwrap.wrap(head, max(width, NARROWEST), subsequent_indent=INDENT)):
        yield Text(part, "bold" if not number else "")
    for sentence in (*_reasons(event, record), *_guards(explanation, record), *_following(record), *_ending(explanation)):
        yield from map(Text, _wrapped(sentence, width))


def _wrapped(sentence: str, width: int) -> list[str]:
    return textwrap.wrap(sentence, max(width, NARROWEST), initial_indent=INDENT, subsequent_indent=2 * INDENT)


def _headline(event: EventRecord, record: Decision) -> str:
    target = clean(event.target)
    would = f"; {_doing(record)[1].format('it')}" if record.action else ""
    match record.choice:
        case Choice.ACT if record.rule == "start":
            return f"{target} was started"
        case Choice.ACT:
            return f"it was decided to {_doing(record)[0].format(target)}" if record.action else f"{target} was seen to"
        case Choice.HOLD if APPROVAL in event.reason and record.action:
            return f"somebody's yes was needed to {_doing(record)[0].format(target)}"
        case Choice.HOLD if OBSERVED in event.reason and record.action:
            return f"{_doing(record)[1].format(target)}, but is only observed"
        case Choice.HOLD if record.guards and record.action:
            return f"a guard stood in the way when it was time to {_doing(record)[0].format(target)}"
        case Choice.HOLD:
            return f"nothing was done to {target}{would}"
        case Choice.FREEZE:
            return f"recovery was frozen, that of {target} with it{would}"
        case Choice.SUPPRESS:
            return f"a failure of {target} was suppressed: it counts for nothing"
        case Choice.BLOCK:
            return f"{target} was blocked: trying again cannot help{would}"
        case Choice.EXHAUSTED:
            return f"{target} was given up: there is no rung left that may be tried"
        case Choice.RECOVERED:
            return f"{target} was found well again"


def _doing(record: Decision) -> tuple[str, str]:
    """What its action does. The restart that follows a changed parameter is one of all services, with new values."""
    if record.rule == "section 2" or record.action is None:
        return "configure {} again", "{} would have been configured again"
    return DOING[record.action]


def _reasons(event: EventRecord, record: Decision) -> Iterator[str]:
    """Evidence, counters and rule."""
    reason, evidence = clean(event.reason), clean("; ".join(each for each in record.evidence if each))
    if evidence and evidence not in reason:
        yield f"Evidence: {evidence}."
    if reason:
        yield f"{'Evidence and decision' if evidence and evidence in reason else 'Decision'}: {reason}."
    if record.failures:
        yield _counters(record)
    yield f"Rule: {rule_text(record.rule)}"


def _guards(explanation: Explanation, record: Decision) -> Iterator[str]:
    """The verdict of each guard that was asked: when it was decided, or else when the action was to begin."""
    granted = explanation.granted
    if record.guards:
        yield f"Guards: {verdicts_text(record.guards)}."
    elif granted is not None:
        later = (granted.at - explanation.decision.at).total_seconds() >= AT_ONCE
        yield f"Guards{f', {_later(explanation.decision, granted)}' if later else ''}: {verdicts_text(granted.guards)}."
    elif (
        record.choice is Choice.ACT and record.action is not None and record.rung is not None
    ):  # a failure is answered; else nobody is asked
        yield "Guards: no verdict is recorded."


def _following(record: Decision) -> Iterator[str]:
    """What the next failure would do, or what it waits for."""
    if record.next:
        counted = record.failures and record.rule not in {"section 5", "section 3.7"}  # what is held or given up does not wait for one
        within = f" within {duration_text(record.within)}" if record.within else ""
        yield f"{f'The next failure{within} would mean' if counted else 'Next'}: {NEXT.get(record.next, clean(record.next))}."


def _counters(record: Decision) -> str:
    rung = f" at the rung {record.rung}" if record.rung else ""
    most = f" of {record.of}" if record.of else ""
    never = "" if record.of else ", which never escalates"
    said = f"Counters: failure {record.failures}{most} in {duration_text(record.within)}{rung}{never}"
    # A record that does not say what was before (0 beside a second failure) is not made to say it.
    known = record.before or record.failures == 1
    return f"{said}; the window held {record.before or 'none'} before." if known else f"{said}."


def _ending(explanation: Explanation) -> Iterator[str]:
    """All later events of it, and how it stands now."""
    decision, ended = explanation.decision, explanation.ended
    said = explanation.granted if decision.record is not None and not decision.record.guards else None
    for event in told_once(each for each in explanation.events if each is not said):
        yield f"{_later(decision, event)}: {_told(decision, event)}."
    if explanation.next is not None:
        following = explanation.next
        yield f"{_later(decision, following)} the next decision was taken ({following.decision}): {_told(decision, following)}."
    if ended is not None:
        yield f"It ended well, {_later(decision, ended).lower()}."
    elif explanation.next is None and decision.record is not None and decision.record.choice is not Choice.RECOVERED:
        yield "No end of it is recorded yet."


def _told(decision: EventRecord, event: EventRecord) -> str:
    """The event; its target only where that is another, and the word ALERT where it is one."""
    target = "" if event.target == decision.target else f"{clean(event.target)} "
    alert = "ALERT " if event.alert else ""
    otherwise = "" if event.kind in SPOKEN else event.kind
    reason = f"{event.reason}: {verdicts_text(event.guards)}" if event.guards else event.reason
    said = change_text(event.from_, event.to, reason, otherwise=otherwise)
    return f"{target}{alert}{said.plain or event.kind}"


def _later(decision: EventRecord, event: EventRecord) -> str:
    """How long after the decision: to a tenth of a second within the first minute."""
    seconds = max(0.0, (event.at - decision.at).total_seconds())
    if seconds < AT_ONCE:
        return "At once"
    return f"{seconds:.1f}s later" if seconds < 60 else f"{duration_text(round(seconds))} later"

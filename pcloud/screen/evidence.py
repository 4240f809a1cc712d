"""What is kept of replaced instances, in lines.

Rules: pure; what machines and clouds said is made printable; a console keeps its lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from pcloud.model.evidence import LastProbe
from pcloud.model.words import Verdict
from pcloud.records.evidence import InstanceEvidence, Whereabouts
from pcloud.screen.columns import columns
from pcloud.screen.format import age, ago, clean, clock, printable

HEADER = ("GENERATION", "INSTANCE", "REPLACED", "NOW", "WHY")
STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.BROKEN: "bold red", Verdict.MISSED: "red"}


def evidence_lines(target: str, found: Sequence[InstanceEvidence], now: datetime, width: int) -> Iterator[Text]:
    """All of them in a table, and below it everything about the first."""
    rows = [_row(each, now) for each in found]
    yield from columns(HEADER, rows, width)
    if found:
        yield Text()
        yield from _whole(target, found[0], now, width)


def _row(one: InstanceEvidence, now: datetime) -> tuple[str, ...]:
    return str(one.generation or "?"), clean(one.instance), f"{ago(one.at, now)} ago", standing(one, now), clean(one.why)


def standing(one: InstanceEvidence, now: datetime) -> str:
    """Where it is, in a word or two."""
    if one.whereabouts is Whereabouts.KEPT and one.until is not None:
        return f"kept until {clock(one.until, now)}"
    return "about to be deleted" if one.whereabouts is Whereabouts.LEAVING else "gone"


def _whole(target: str, one: InstanceEvidence, now: datetime, width: int) -> Iterator[Text]:
    name = clean(f"{one.instance} of generation {one.generation or '?'} at {one.infrastructure}")
    yield Text(f"{name}, replaced at {clock(one.at, now)}", "bold")
    if one.unseen is not None:
        yield Text(f"no sign of life for the last {age(one.unseen)} before")
    if one.decision:
        yield Text(f"decision {clean(one.decision)}: `pcloud explain {target} --last 10` tells it")
    if one.probes:
        yield Text()
        yield from columns(("PROBE", "SAID LAST", "FOR", "REASON"), [_probe(each) for each in one.probes], width)
    if one.console:
        yield Text()
        yield Text(f"The end of its console ({len(one.console)} characters):", "bold")
        yield from (Text(printable(line.expandtabs().rstrip("\r"))) for line in one.console.split("\n"))
    yield Text()
    yield from (Text(line) for line in how_to_look(target, one))


def _probe(probe: LastProbe) -> tuple[Text | str, ...]:
    name = clean(f"{probe.resource} {probe.probe}" if probe.probe else probe.resource)
    return name, Text(probe.verdict, STYLES.get(probe.verdict, "yellow")), age(probe.lasting), clean(probe.reason)


def how_to_look(target: str, one: InstanceEvidence) -> Iterator[str]:
    """What somebody can do who wants to know more."""
    if one.whereabouts is Whereabouts.GONE:
        yield "It is gone; this is all that is left of it."
        return
    name = clean(one.instance)
    until = "; its volumes are with its successor" if not one.twin else ""
    yield f"{name} stands at {clean(one.infrastructure)}, switched off, with its own disk{until}."
    if one.generation:
        yield f"Its console as the cloud has it now: pcloud assembly evidence {target} --generation {one.generation} --console"
    yield f"To look inside: pcloud pause {target}, then start {name} at its cloud, look, and stop it there; then pcloud resume {target}."
    yield "Without the pause it would be stopped as a twin as soon as it is listed."

"""``pcloud replay``: a deployable's recorded decisions, made again by the policy and the spec of now.

Rules: the daemon only tells what was recorded; everything is decided here. It is a report: exit code 0 whatever has become different.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.text import Text

from pcloud.cli.completing import deployables
from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, SinceOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import suggesting, target
from pcloud.client.spec_files import read_spec
from pcloud.records.event import EventRecord
from pcloud.records.fact import FactRecord
from pcloud.screen.columns import Row, columns
from pcloud.screen.console import Screen
from pcloud.screen.format import clean, clock

if TYPE_CHECKING:
    from pcloud.replay.report import Compared, Decided, ReplayReport

PAGE = 1000  # what the API gives at most
STYLES = {"same": "green", "different": "bold red", "not comparable": "yellow"}
NOTHING = "-"

R = TypeVar("R", EventRecord, FactRecord)


def replay(
    deployable: Annotated[str, typer.Argument(metavar="DEPLOYABLE", help="Whose decisions.", autocompletion=deployables)],
    spec: Annotated[str | None, typer.Option("--spec", metavar="FILE", help="Decide by this spec instead of those of then.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change one key of the spec, as in recovery.restart.failures=5. May be repeated."),
    ] = None,
    since: SinceOption = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Make recorded decisions again, and show those of then and now side by side. Changes nothing.

    Where a decision is different, what happened afterwards would not have happened: from there on it is not comparable.
    """
    from pcloud.replay.comparing import replayed  # noqa: PLC0415 - the policy and the spec would slow down every other command
    from pcloud.replay.specs import as_usage, replan_by  # noqa: PLC0415

    name = target(deployable, most=1).deployable
    with as_usage():
        other = read_spec(spec) if spec is not None else None
    with connected() as client:
        with suggesting(client, target(name)):
            in_force = client.spec(name)
        facts = _all(lambda after: client.facts(name, after=after, limit=PAGE))
        recorded = _all(lambda after: client.events(after=after, limit=PAGE, target=name))
    report = replayed(name, facts, recorded, replan_by(name, facts, in_force, other, settings or []))
    if since is not None:
        report.decisions = [row for row in report.decisions if row.at >= since]
    screen = Screen()
    emit(screen, chosen(output, json), report, lambda: replay_lines(report, datetime.now(UTC), screen.width))


def _all(page: Callable[[int], list[R]]) -> list[R]:
    """Everything behind the first page, too."""
    found: list[R] = []
    while more := page(found[-1].seq if found else 0):
        found += more
    return found


def replay_lines(report: ReplayReport, now: datetime, width: int) -> Iterator[Text]:
    """The report as people read it."""
    if report.decisions:
        rows: list[Row] = [(clock(row.at, now), clean(row.target), text(row.then), text(row.now), outcome(row)) for row in report.decisions]
        yield from columns(("TIME", "TARGET", "THEN", "NOW", ""), rows, width)
    for departure in report.departures:
        yield Text(f"{clean(departure.target)} is not comparable from {clock(departure.at, now)} on: {clean(departure.reason)}", "yellow")
    yield Text(summary(report, now))
    if report.before:
        yield Text(f"{_count(report.before, 'decision')} of before cannot be made again: facts are recorded since then only.")


def text(made: Decided | None) -> str:
    """A decision in a few words: ``act restart, 2 of 3``."""
    if made is None:
        return NOTHING
    what = " ".join(part for part in (made.choice, made.action) if part)
    return f"{what}, {made.failures} of {made.of}" if made.of else what


def outcome(row: Compared) -> Text:
    """How they stand to each other, and the reasons of what is different."""
    found = Text(row.comparison, STYLES[row.comparison])
    if row.comparison == "different":
        reasons = [f"{when}: {clean(made.reason)}" for when, made in (("then", row.then), ("now", row.now)) if made is not None]
        found.append(f" ({'; '.join(reasons)})", "not bold default")
    return found


def summary(report: ReplayReport, now: datetime) -> str:
    """One sentence of figures."""
    if report.begins is None:
        return f"Nothing is recorded of {report.deployable} that could be replayed."
    counts = Counter(row.comparison.value for row in report.decisions)
    figures = ", ".join(f"{counts[kind]} {kind}" for kind in STYLES if counts[kind]) or "none"
    then = " and ".join(str(version) for version in report.policy_then)
    versions = f"policy {then}" if report.policy_then == [report.policy_now] else f"policy {then} then, {report.policy_now} now"
    facts = f"{_count(report.facts, 'fact')} since {clock(report.begins, now)}"
    return f"{_count(len(report.decisions), 'decision')}: {figures}; {facts}, {versions}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

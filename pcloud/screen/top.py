"""How everything stands, in figures, on one screen.

Rules: pure; it fits 80 columns and 24 lines while at most a few guards hold; what is in trouble has one line each, cut where it must be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from pcloud.records.overview import HoldingGuard, Overview, Troubled
from pcloud.screen.columns import GAP, Row, columns
from pcloud.screen.format import ago, clean, state_text

NARROWEST = 20
"""Columns for a reason, even on a terminal that has fewer left."""
SLOW = 1.0
"""Seconds of the loop's lag that are worth a colour: checks come late by then."""


def top_lines(seen: Overview, width: int) -> Iterator[Text]:
    """The daemon, the figures, the guards, who is in trouble, and how busy each infrastructure is."""
    yield _head(seen)
    if seen.trouble:
        yield Text(clean(f"nothing is done: {seen.trouble}"), "bold red")
    yield from columns(("", "NUMBER", "HOW THEY STAND"), list(_figures(seen)), width)
    yield from _guards(seen)
    yield from _troubled(seen, width)
    yield from _infrastructures(seen, width)


def fitted(lines: Sequence[Text], height: int) -> list[Text]:
    """At most ``height`` lines; what has no room is told."""
    if len(lines) <= height:
        return list(lines)
    left = len(lines) - height + 1
    return [*lines[: height - 1], Text(f"… and {left} lines more, for a higher terminal", "dim")]


def _head(seen: Overview) -> Text:
    head = Text(f"pcloud {seen.version}", "bold").append(f"  up {ago(seen.since, seen.at)}, pid {seen.pid}  ", "not bold dim")
    lag = f"loop {seen.loop.lag * 1000:.0f} ms late at most" if seen.loop.lag < SLOW else f"loop {seen.loop.lag:.1f} s late at most"
    head.append(lag, "not bold" if seen.loop.lag < SLOW else "bold red")
    return head.append(f", {seen.loop.stalls} stalls" if seen.loop.stalls != 1 else ", 1 stall", "not bold")


def _figures(seen: Overview) -> Iterator[Row]:
    for name, states in (("deployables", seen.deployables), ("assemblies", seen.assemblies), ("resources", seen.resources)):
        yield name, str(sum(states.values())), _by_word(states)
    yield "machines", str(seen.machines), Text(f"contact with {seen.contact}", "" if seen.contact == seen.machines else "yellow")
    yield "checks", f"{seen.checks_per_second:.1f}", "a second"
    held = f"{sum(seen.held.values())} held by {', '.join(seen.held)}" if seen.held else ""
    rungs = ", ".join(f"{number} {rung}" for rung, number in seen.recoveries.items())
    yield "recoveries", str(sum(seen.recoveries.values())), Text("; ".join(filter(None, (rungs, held))), "yellow" if held else "")
    yield "actions", str(seen.actions_in_flight), "in flight"


def _by_word(states: Mapping[str, int]) -> Text:
    """``3 healthy, 1 held``, the most frequent first."""
    text = Text()
    for word, number in sorted(states.items(), key=lambda each: (-each[1], each[0])):
        text.append(", " if text else "").append(f"{number} ").append_text(state_text(word))
    return text


def _guards(seen: Overview) -> Iterator[Text]:
    for each in seen.guards:
        yield Text(clean(f"guard {each.guard} holds {_place(each)}"), "bold yellow")
    if seen.doubted:
        yield Text("all checks from the controller are doubted", "bold yellow")
    if not seen.guards and not seen.doubted:
        yield Text("no guard holds", "dim")


def _place(each: HoldingGuard) -> str:
    return f"{each.infrastructure} zone {each.zone}" if each.zone else f"all of {each.infrastructure}"


def _troubled(seen: Overview, width: int) -> Iterator[Text]:
    if not seen.troubled:
        return
    yield Text()
    names = max(len("IN TROUBLE"), *(len(clean(each.name)) for each in seen.troubled))
    states = max(len("STATE"), *(len(clean(each.state)) for each in seen.troubled))
    room = max(width - names - states - 2 * len(GAP), NARROWEST)
    yield Text(f"{'IN TROUBLE'.ljust(names)}{GAP}{'STATE'.ljust(states)}{GAP}REASON", "dim")
    for each in seen.troubled:
        yield _trouble(each, names, states, room)
    if seen.unwell > len(seen.troubled):
        yield Text(f"… and {seen.unwell - len(seen.troubled)} more: pcloud deployable list shows all", "dim")


def _trouble(each: Troubled, names: int, states: int, room: int) -> Text:
    """One line of at most so many columns for each part."""
    line = Text(clean(each.name).ljust(names) + GAP).append_text(state_text(each.state))
    line.pad_right(names + len(GAP) + states + len(GAP) - line.cell_len)
    reason = Text(clean(each.reason))
    reason.truncate(room, overflow="ellipsis")
    line.append_text(reason).rstrip()
    return line


def _infrastructures(seen: Overview, width: int) -> Iterator[Text]:
    busiest = sorted(seen.infrastructures, key=lambda each: (-each.calls, -each.recoveries, each.name))
    if busiest:
        yield Text()
        rows = [(each.name, str(each.recoveries), f"{each.calls} of at most {each.calls_limit}") for each in busiest]
        yield from columns(("INFRASTRUCTURE", "RECOVERIES", "CALLS UNDER WAY"), rows, width)

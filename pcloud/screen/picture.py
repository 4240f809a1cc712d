"""A timeline as a picture (SVG): a bar for each target, and the story below it by numbers.

Rules: pure; one self-contained file, which loads nothing and runs nothing; it says the same without its colours; what is too narrow for its
word has it as a tooltip.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

from pcloud.screen.timeline import Lane, Stretch, Timeline
from pcloud.spec.units import duration_text

WIDTH, MARGIN, LABELS = 1100, 20, 210  # pixels: of all, around it, and of the names of the lanes
HEAD, LANE, BAR, LINE = 64, 30, 20, 17  # pixels: above the lanes, from lane to lane, a bar, a line of the story
LETTER = 6.4  # pixels: of one letter at the size of most text, on the average
FOLDED = 150  # letters in a line of the story
NAMED = 30  # letters of a lane's name: more have no room
TICKS = 12  # at the most

COLOURS = {
    "healthy": "#2e9e5b",
    "failed": "#d0342c",
    "blocked": "#d0342c",
    "exhausted": "#d0342c",
    "suspect": "#e6a100",
    "held": "#e6a100",
    "suppressed": "#e6a100",
    "unknown": "#b9bec4",
    "stopped": "#b9bec4",
    "absent": "#b9bec4",
    "waiting": "#b9bec4",
}
ON_ITS_WAY = "#3a86c8"

PHASES = {
    "suspect": "silence",
    "fencing": "stop (fence)",
    "rebooting": "reboot",
    "launching": "create, attach",
    "booting": "boot",
    "provisioning": "provision",
    "configuring": "configure",
    "starting": "start",
    "verifying": "verify",
}
"""What is going on while a target has that word."""

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
"""Seconds from tick to tick that people can read."""


def svg(timeline: Timeline) -> str:
    """The whole file."""
    story = list(_story(timeline))
    lanes = HEAD + LANE * len(timeline.lanes)
    height = lanes + 40 + LINE * (len(story) + 1) + MARGIN
    root = Xml.Element("svg", xmlns="http://www.w3.org/2000/svg", width=str(WIDTH), height=str(height), viewBox=f"0 0 {WIDTH} {height}")
    root.set("font-family", "DejaVu Sans, Verdana, sans-serif")
    root.set("font-size", "12")
    root.set("role", "img")
    Xml.SubElement(root, "title").text = _title(timeline)
    _box(root, 0, 0, WIDTH, height, "#ffffff")
    _text(root, MARGIN, 28, _title(timeline), size=17, weight="bold")
    _text(root, MARGIN, 48, _subtitle(timeline), colour="#555555")
    _axis(root, timeline, lanes)
    for number, lane in enumerate(timeline.lanes):
        _lane(root, timeline, lane, HEAD + LANE * number)
    _numbers(root, timeline, lanes)
    for number, (colour, line) in enumerate(story):
        _text(root, MARGIN, lanes + 44 + LINE * number, line, colour=colour, kept=True)
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _title(timeline: Timeline) -> str:
    how = f"well again after {seconds_text(timeline.length)}" if timeline.ended else f"not well yet after {seconds_text(timeline.length)}"
    return f"{timeline.scope}: {how}"


def _subtitle(timeline: Timeline) -> str:
    lanes, _ = timeline.hidden
    more = f"; {lanes} more targets changed meanwhile, and are not shown" if lanes else ""
    return f"from {timeline.began:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f" UTC, in seconds since then{more}"


def seconds_text(seconds: float) -> str:
    """To a tenth of a second within the first minute."""
    return f"{seconds:.1f}s" if seconds < 60 else duration_text(round(seconds))


def _x(timeline: Timeline, at: float) -> float:
    room = WIDTH - 2 * MARGIN - LABELS
    return round(MARGIN + LABELS + room * (at / timeline.length if timeline.length else 0), 1)


def _axis(root: Xml.Element, timeline: Timeline, bottom: int) -> None:
    step = next((each for each in STEPS if timeline.length / each <= TICKS), STEPS[-1])
    for tick in range(min(math.floor(timeline.length / step), 10 * TICKS) + 1):
        x = _x(timeline, tick * step)
        Xml.SubElement(root, "line", x1=str(x), y1=str(HEAD - 4), x2=str(x), y2=str(bottom), stroke="#e3e6e8")
        _text(root, x + 2, HEAD - 6, duration_text(tick * step) if tick else "0", colour="#777777", size=10)


def _lane(root: Xml.Element, timeline: Timeline, lane: Lane, top: int) -> None:
    name = lane.target if len(lane.target) <= NAMED else f"…{lane.target[1 - NAMED :]}"
    _text(root, MARGIN, top + 15, name, weight="bold" if lane.target.count("/") < 2 else "")
    for stretch in lane.stretches:
        _stretch(root, timeline, stretch, top)


def _stretch(root: Xml.Element, timeline: Timeline, stretch: Stretch, top: int) -> None:
    left, right = _x(timeline, stretch.begin), _x(timeline, stretch.end)
    width = max(2.0, round(right - left, 1))  # nothing that happened is invisible
    took = seconds_text(stretch.end - stretch.begin)
    phase = PHASES.get(stretch.word, stretch.word)
    colour = COLOURS.get(stretch.word.partition(":")[0], ON_ITS_WAY)
    bar = _box(root, left, top, width, BAR, colour)
    bar.set("stroke", "#ffffff")
    Xml.SubElement(bar, "title").text = f"{stretch.word}{f' ({phase})' if phase != stretch.word else ''}, {took}"
    for words in (f"{phase} {took}", phase):
        if len(words) * LETTER + 6 <= width:
            _text(root, left + 3, top + 14, words, colour="#ffffff", size=11)
            return


def _numbers(root: Xml.Element, timeline: Timeline, bottom: int) -> None:
    """Below the lanes, at its time, the number of each step of the story: of those in one place only the first and the last."""
    groups: list[tuple[float, int, int]] = []
    for number, step in enumerate(timeline.steps, 1):
        x = _x(timeline, step.at)
        if groups and x - groups[-1][0] < 5 * LETTER:
            groups[-1] = (groups[-1][0], groups[-1][1], number)
        else:
            groups.append((x, number, number))
    for x, first, last in groups:
        line = Xml.SubElement(root, "line", x1=str(x), y1=str(HEAD), x2=str(x), y2=str(bottom + 4), stroke="#333333")
        line.set("stroke-dasharray", "2 3")
        _text(root, x - 3, bottom + 16, str(first) if first == last else f"{first}-{last}", size=10)


def _story(timeline: Timeline) -> Iterator[tuple[str, str]]:
    """Each step with its number and its time, folded; what was decided is darker, what calls for somebody red."""
    for number, step in enumerate(timeline.steps, 1):
        colour = "#b3261e" if step.alert else "#111111" if step.decided else "#555555"
        head = f"{number:>3}  +{seconds_text(step.at):<7} "
        decided = "DECIDED " if step.decided else ""
        lines = textwrap.wrap(f"{step.target}  {decided}{step.text}", FOLDED - len(head)) or [step.target]
        yield colour, head + lines[0]
        yield from ((colour, " " * (len(head) + 2) + line) for line in lines[1:])
    if timeline.hidden[1]:
        yield "#555555", f"     … and {timeline.hidden[1]} more, which pcloud events shows"


def _box(root: Xml.Element, x: float, y: float, width: float, height: float, colour: str) -> Xml.Element:
    return Xml.SubElement(root, "rect", x=str(x), y=str(y), width=str(width), height=str(height), fill=colour)


def _text(
    root: Xml.Element, x: float, y: float, words: str, *, colour: str = "#111111", size: int = 0, weight: str = "", kept: bool = False
) -> None:
    """``kept``: with all its spaces, so that columns stay."""
    text = Xml.SubElement(root, "text", x=str(round(x, 1)), y=str(y), fill=colour)
    text.text = words
    if size:
        text.set("font-size", str(size))
    if weight:
        text.set("font-weight", weight)
    if kept:
        text.set("font-family", "DejaVu Sans Mono, monospace")
        text.set("font-size", "11")
        text.set("xml:space", "preserve")

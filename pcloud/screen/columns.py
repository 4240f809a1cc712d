"""Aligned columns whose last one is free text.

Rules: pure; cells of one column are as wide as the widest; free text that has no room beside its row stands below it, and where even the
other cells have none, each row begins with its first cell alone: nothing is cut off on a narrow terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.text import Text

GAP = "  "
BELOW = "    "  # how far free text below its row is indented
NARROWEST = 20  # columns for free text, even on a terminal that is narrower: one word a line is not readable

Cell = Text | str
Row = Sequence[Cell]


def columns(header: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[Text]:
    """The header and the rows as lines, at most ``width`` wide where the cells allow it. The last cell of each is free text."""
    head: Row = [Text(one, "dim") for one in header]
    widths = [max(_text(row[number]).cell_len for row in (head, *rows)) for number in range(len(header) - 1)]
    if sum(widths) + len(GAP) * (len(widths) - 1) > width:
        for row in rows:
            yield from _stacked(row, width)
        return
    yield from _lines(head, widths, width, below=False)
    for row in rows:
        yield from _lines(row, widths, width)


def _stacked(row: Row, width: int) -> Iterator[Text]:
    """The first cell on a line of its own, whatever its length, and the others below it."""
    first, *others = row
    yield _text(first)
    rest = Text()
    for cell in map(_text, others):
        gap = GAP if rest and cell else ""
        if rest and rest.cell_len + len(gap) + cell.cell_len > width - len(BELOW):
            yield Text(BELOW).append_text(rest)
            rest, gap = Text(), ""
        rest.append(gap).append_text(cell)
    yield from (Text(BELOW).append_text(part) for part in _folded(rest, max(width - len(BELOW), NARROWEST)))


def _folded(text: Text, room: int) -> Iterator[Text]:
    if text.cell_len <= room:
        if text:
            yield text
        return
    yield from map(Text, textwrap.wrap(text.plain, room))


def _lines(row: Row, widths: Sequence[int], width: int, *, below: bool = True) -> Iterator[Text]:
    line = Text()
    for cell, wide in zip(row, widths, strict=False):
        text = _text(cell)
        line.append_text(text).append(" " * (wide - text.cell_len) + GAP)
    free = _text(row[-1])
    fits = line.cell_len + free.cell_len <= width
    if fits:
        line.append_text(free)
    line.rstrip()
    yield line
    if below and not fits:
        room = max(width - len(BELOW), NARROWEST)
        yield from (Text(BELOW + part) for part in textwrap.wrap(free.plain, room))


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)

"""Two collections that cannot change: a change of one is a new one, which costs the square root of its size and no more.

Rules: what came in stays as it was, so that an old state can be kept, compared and replayed; a Shelf cannot be walked through, so that
nothing can depend on the order in which hashes fall; a Row is walked through in the order of its numbers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

SHELVES = 128
"""Dictionaries that a Shelf is made of: about the square root of 10,000, rounded to a power of two."""
CHUNK = 128
"""Entries of a Row that are copied at most for one change; likewise."""


class Shelf(Generic[T]):
    """Things by name."""

    __slots__ = ("_shelves",)

    def __init__(self, shelves: tuple[dict[str, T], ...] = ({},) * SHELVES) -> None:
        self._shelves = shelves

    def get(self, name: str) -> T | None:
        """What stands there under that name."""
        return self._shelves[hash(name) % SHELVES].get(name)

    def having(self, name: str, thing: T) -> Shelf[T]:
        """The same with this under that name."""
        return self._exchanging(hash(name) % SHELVES, {**self._shelves[hash(name) % SHELVES], name: thing})

    def lacking(self, name: str) -> Shelf[T]:
        """The same with nothing under that name."""
        place = hash(name) % SHELVES
        return self._exchanging(place, {key: thing for key, thing in self._shelves[place].items() if key != name})

    def _exchanging(self, place: int, shelf: dict[str, T]) -> Shelf[T]:
        return Shelf((*self._shelves[:place], shelf, *self._shelves[place + 1 :]))


Entry = tuple[int, T]


class Row(Generic[T]):
    """Things in the order of their numbers, each number once."""

    __slots__ = ("_chunks",)

    def __init__(self, chunks: tuple[tuple[Entry[T], ...], ...] = ()) -> None:
        self._chunks = chunks

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def __iter__(self) -> Iterator[T]:
        return (thing for chunk in self._chunks for _, thing in chunk)

    @property
    def first(self) -> Entry[T]:
        """The one with the lowest number, which must be there."""
        return self._chunks[0][0]

    def having(self, number: int, thing: T) -> Row[T]:
        """The same with this in its place."""
        if not self._chunks:
            return Row((((number, thing),),))
        place = max(0, bisect_right(self._chunks, number, key=_first_number) - 1)
        chunk = self._chunks[place]
        at = bisect_left(chunk, number, key=_number)
        chunk = (*chunk[:at], (number, thing), *chunk[at:])
        half = len(chunk) if at == len(chunk) - 1 else CHUNK // 2  # what only grows at its end is kept in full chunks
        new = (chunk,) if len(chunk) <= CHUNK else (chunk[: min(half, CHUNK)], chunk[min(half, CHUNK) :])
        return Row((*self._chunks[:place], *new, *self._chunks[place + 1 :]))

    def lacking(self, number: int) -> Row[T]:
        """The same without the one of this number, which must be there."""
        place = bisect_right(self._chunks, number, key=_first_number) - 1
        chunk = self._chunks[place]
        at = bisect_left(chunk, number, key=_number)
        rest = (*chunk[:at], *chunk[at + 1 :])
        return Row((*self._chunks[:place], *((rest,) if rest else ()), *self._chunks[place + 1 :]))


def _number(entry: Entry[T]) -> int:
    return entry[0]


def _first_number(chunk: tuple[Entry[T], ...]) -> int:
    return chunk[0][0]

"""Bytes as choices: whatever makes the bytes (hypothesis, a coverage-guided fuzzer, a file), the same bytes make the same input.

Rules: never an error, and never more than a fixed multiple of what was given; where the bytes are at their end every choice is the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, TypeVar

T = TypeVar("T")

LONG = 96
"""Copies of a byte for one choice: a few choices make a line or number that is longer than any of ours."""
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**70, -(2**70), 0.5, 1e308, float("inf"), float("nan")),
    *("", "x", "0", "-1", "1e999", "9" * 5000, "\0", "\x1b[31m", "\ud800", "ä" * 300, "a..b", "Infinity", "../../etc"),
    *([], {}, [[]], {"": None}, [None], {"x": {"x": {}}}),
)
"""What stands where something else is expected."""


class Feed:
    """The bytes, taken from the left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        return (self.take(1) or b"\0")[0]

    def below(self, bound: int) -> int:
        """A number under ``bound``."""
        return (self.byte() if bound <= 256 else int.from_bytes(self.take(2), "big")) % bound

    def pick(self, among: Sequence[T]) -> T:
        return among[self.below(len(among))]

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._data))


def stream(feed: Feed, words: Sequence[bytes]) -> bytes:
    """Bytes as somebody might print them: words that mean something, whole and cut, noise, and what does not end."""
    found = bytearray()
    while feed:
        match feed.below(8):
            case 0 | 1 | 2:
                found += feed.pick(words)
            case 3:
                word = feed.pick(words)
                found += word[: feed.below(len(word) + 1)]
            case 4:
                found += bytes([feed.byte()]) * (LONG * (1 + feed.below(64)))
            case 5:
                found += feed.pick([b"\n", b" ", b"\r\n", b"\0", b"\xff", b"\xc3", b"9", b"\xd9\xa3", b"."])
            case _:
                found += feed.take(1 + feed.below(32))
    return bytes(found)


def portions(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """The same bytes as a network delivers them."""
    at, number = 0, 0
    while at < len(data):
        size = max(1, sizes[number % len(sizes)]) if sizes else len(data)
        yield data[at : at + size]
        at, number = at + size, number + 1


def damaged(data: bytes, feed: Feed) -> bytes:
    """A few bytes flipped, cut out or put in."""
    found = bytearray(data)
    while feed and found:
        at = feed.below(min(len(found), 65536))
        match feed.below(4):
            case 0:
                found[at] ^= 1 + feed.below(255)
            case 1:
                del found[at : at + 1 + feed.byte()]
            case 2:
                found[at:at] = feed.take(1 + feed.below(16))
            case _:
                found[at : at + 1] = bytes([found[at]]) * (1 + feed.byte())
    return bytes(found)


def altered(document: Any, feed: Feed) -> Any:
    """A JSON document with some of its values replaced, left out, or joined by others."""
    found = json.loads(json.dumps(document))
    while feed:
        found = _altered_once(found, feed)
    return found


def _altered_once(document: Any, feed: Feed) -> Any:
    owner, key = None, None
    spot = document
    while isinstance(spot, dict | list) and spot and feed.below(5):
        owner, key = spot, feed.pick(list(spot) if isinstance(spot, dict) else range(len(spot)))
        spot = spot[key]
    value = deepcopy(feed.pick(ODD))  # put into itself it would be endless, and odd for whoever picks it next
    if owner is None:
        return value if feed.below(16) == 1 else document
    match feed.below(5):
        case 0:
            del owner[key]
        case 1 if isinstance(owner, dict):
            owner[feed.pick(["x", "", str(key) * 2])] = value
        case 2 if isinstance(owner, list):
            owner.append(deepcopy(spot))
        case _:
            owner[key] = value
    return document


def as_json(document: Any, feed: Feed) -> str:
    """A document as text that is JSON, or nearly so."""
    match feed.below(8):
        case 0:
            return damaged(json.dumps(document).encode(), feed).decode("utf-8", "replace")
        case 1:
            return feed.pick(["[", '{"x":', "[1,"]) * (1000 * (1 + feed.below(120))) + feed.rest().decode("utf-8", "replace")
        case _:
            return json.dumps(altered(document, feed))

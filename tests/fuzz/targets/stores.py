"""A store whose file was damaged on its disk: refused, or read as far as it says what it should.

Oracle: StoreError alone. Only the guided fuzzer has it; tests/store damages files in its own way.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from contextlib import suppress
from functools import cache
from pathlib import Path

from cpe.shell.store.sqlite import STORE_FILE, SqliteStore
from pcloud.errors import StoreError
from tests.fuzz.feeding import Feed, damaged
from tests.fuzz.loops import in_loop
from tests.fuzz.target import Target
from tests.store.states import made


@cache
def _whole() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(made(Path(place)))
        return (Path(place) / STORE_FILE).read_bytes()


TEXTS = (b'"version"', b'"deployable"', b"{", b"}", b"[", b"null", b"1.0", b'"mysql"', b"shop", b"Infinity", b'"kind"')


def run(data: bytes) -> None:
    feed = Feed(data)
    found = bytearray(_whole())
    for _ in range(feed.below(4)):  # what no checksum of SQLite's would tell: its texts
        at = found.find(feed.pick(TEXTS), feed.below(65536) % len(found))
        if at >= 0:
            found[at] = feed.byte()
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / STORE_FILE).write_bytes(damaged(bytes(found), Feed(feed.take(12))) if feed.below(2) else bytes(found))
        in_loop(_read, Path(place))


async def _read(directory: Path) -> None:
    with suppress(StoreError):
        async with SqliteStore(directory) as store:
            await _answered(store.deployables())
            await _answered(store.load_state("shop"))
            await _answered(store.events())
            await _answered(store.facts("shop"))
            await _answered(store.explanations(target="shop", last=3))


async def _answered(question: Awaitable[object]) -> None:
    with suppress(StoreError):
        await question


STORES = Target("stores", run, seeds=(b"", b"\1\0\0\0\0", b"\2\1\1\1\1\1\1"), guided=True)

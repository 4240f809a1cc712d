"""Whatever a web server says to a check: a verdict, whatever its status line, headers and chunks are.

Oracle: a verdict and a reason for people; it passes only where the text is there, and memory is bounded however much is packed into how
little.
"""

from __future__ import annotations

import gzip
from functools import cache

from agents.pages import Pages
from pcloud.model.plan import HttpCheck
from pcloud.model.words import Verdict
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, stream
from tests.fuzz.loops import Speaker, in_loop
from tests.fuzz.target import Target

BOMB = gzip.compress(gzip.compress(bytes(64 << 20)))
WORDS = (
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 \r\n", b"HTTP/1.1 99999 ", b"HTTP/2 200\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Content-Encoding: deflate, gzip, gzip\r\n", b"Connection: close\r\n", b"X: \xff\xfe\r\n", b"\r\n"),
    *(b"Location: http://[::1\r\n", b"Set-Cookie: \0=\0\r\n", b"Content-Type: text/html; charset=nonsense\r\n", b"Upgrade: x\r\n"),
    *(b"5\r\nready\r\n", b"1\r\nr\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"ready", gzip.compress(b"ready")),
    gzip.decompress(BOMB),
)


HEADERS = WORDS[6:20]


@cache
def _pages() -> Pages:
    """Nothing of it is bound to a loop between two looks: no connection is kept."""
    return Pages()


def run(data: bytes) -> None:
    feed = Feed(data)
    contains = feed.pick(["", "ready", "ä"])
    answer = b"HTTP/1.1 200 OK\r\n" if feed.below(4) else b""
    for _ in range(feed.below(4)):
        answer += feed.pick(HEADERS)
    answer += b"\r\n" if feed.below(4) else b""
    answer += stream(feed, WORDS)
    in_loop(_look, answer, contains)


async def _look(answer: bytes, contains: str) -> None:
    async with Speaker(b"", answer) as server:
        verdict, reason = await _pages().look(HttpCheck(f"http://127.0.0.1:{server.port}/", 200, contains))
    assert verdict in {Verdict.PASSED, Verdict.MISSED}
    assert bool(reason) is (verdict is Verdict.MISSED)
    assert reason.isprintable()
    if verdict is Verdict.PASSED:
        assert b"200" in answer
        assert contains.encode() in answer.replace(b"1\r\nr\r\n", b"r"), "it was not there"


PAGES = Target(
    "pages",
    run,
    seeds=(b"", b"\1\1\0\3\0\x12\0\x10", b"\1\1\0\x0a\0\x0e\0\x17"),
    bounds=Bounds(memory_each=2_000),
)

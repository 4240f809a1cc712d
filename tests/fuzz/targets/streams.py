"""Whatever answers where the daemon should: answers and the stream of events, as the client takes them.

Oracle: PcloudError alone; what is given is an EventRecord or the model that was asked for.
"""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from pcloud.client import Client
from pcloud.client.stream import EventStream
from pcloud.errors import PcloudError
from pcloud.records.event import EventRecord
from pcloud.records.status import DeployableStatus, DeployableSummary
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, stream
from tests.fuzz.target import Target

EVENT = b'{"id":"7","seq":7,"at":"2026-01-01T00:00:00Z","deployable":"shop","kind":"state"}'
PATIENCE = 60.0
"""Seconds that nothing here takes."""
HEADERS = (
    *(b"Content-Type: text/event-stream\r\n", b"Content-Type: application/json\r\n", b"Content-Type: application/problem+json\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n"),
    *(b'Link: </v1/deployables?after=x>; rel="next"\r\n', b'Link: <http://[::1>; rel="next"\r\n', b'Link: <//x\0>; rel="next"\r\n'),
)
WORDS = (
    *(b"id: 7\n", b"id: " + b"9" * 5000 + b"\n", b"id: x\n", b"event: event\n", b"data: " + EVENT + b"\n", b"data: {}\n", b"data: [[[\n"),
    *(
        b"\n",
        b"\n\n",
        b": heartbeat\n\n",
        b"retry: 9\n",
        b"\r",
        b"\xff",
        b"\xe2\x80\xa8",
        b"{}",
        b"[]",
        b"[" * 5000,
        b"5\r\n",
        b"0\r\n\r\n",
    ),
    *(b'{"title":"x","status":500,"detail":"y","exit_code":', b"99999999999999999999}", b"3}", b'[{"name":"x","state":"healthy"}]'),
)


def run(data: bytes) -> None:
    feed = Feed(data)
    ask = feed.pick(QUESTIONS)
    answer = feed.pick([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 500 \r\n", b"HTTP/1.1 999 \xff\r\n", b""])
    for _ in range(feed.below(4)):
        answer += feed.pick(HEADERS)
    answer += b"\r\n" if feed.below(4) else b""
    answer += stream(feed, WORDS)
    with _daemon(answer) as path, Client(path, timeout=PATIENCE) as client, suppress(PcloudError):
        ask(client)


def _listen(client: Client) -> None:
    told = EventStream(client._http, client.socket_path, target="", after=None, patience=0.0)
    assert all(isinstance(each, EventRecord) for each in islice(told._connection(), 100))


def _status(client: Client) -> None:
    assert isinstance(client.status("shop"), DeployableStatus)


def _list(client: Client) -> None:
    assert all(isinstance(each, DeployableSummary) for each in client.list_deployables())


def _events(client: Client) -> None:
    assert all(isinstance(each, EventRecord) for each in client.events())


QUESTIONS: tuple[Callable[[Client], None], ...] = (_listen, _status, _list, _events)
MOST = 8
"""Answers in one run, so that pages that go on for ever come to an end; a client knocks before each."""


@contextmanager
def _daemon(answer: bytes) -> Iterator[Path]:
    """Says the same to everybody who asks, some times, and is gone."""
    with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX) as listener:
        path = Path(place) / "api.sock"
        listener.bind(str(path))
        listener.listen()
        serving = threading.Thread(target=_serve, args=(listener, answer), name="fuzzed daemon")
        serving.start()
        try:
            yield path
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            serving.join(PATIENCE)


def _serve(listener: socket.socket, answer: bytes) -> None:
    with suppress(OSError):
        for _ in range(MOST):
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.settimeout(PATIENCE)
                if connection.recv(65536):
                    connection.sendall(answer)
        listener.shutdown(socket.SHUT_RDWR)


STREAMS = Target("streams", run, seeds=(b"", b"\0\0\1\0\1\0\0\0\3\0\4\0\7"), bounds=Bounds(calls=1_000_000))

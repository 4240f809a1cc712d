"""The live stream of events, read so that none is lost and none comes twice.

Rules: when the connection breaks (the daemon restarts, or found us too slow) it is made again behind the last event seen, for as long as
``patience`` says; a daemon that is not there at the first attempt is an error at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from httpx_sse import ServerSentEvent, SSEError, connect_sse

from pcloud.client.errors import our_errors, raise_for
from pcloud.errors import AmbiguousError, NoDaemonError, PcloudError, TimedOutError
from pcloud.records.event import EventRecord

PATIENCE = 60.0  # seconds without a daemon: more than a restart or an upgrade of the package takes
PAUSE = 0.5  # seconds between two attempts: short to the eye, and next to no load
SILENCE = 45.0  # seconds: three heartbeats of the server

_BROKEN = (NoDaemonError, AmbiguousError, TimedOutError)


class EventStream:
    """Iterate over it: EventRecords, for ever. Raises NoDaemonError and what the API answers."""

    def __init__(self, http: httpx.Client, socket_path: Path, *, target: str, after: int | None, patience: float, kind: str = "") -> None:
        self._http = http
        self._socket_path = socket_path
        self._target = target
        self._kind = kind
        self._after = after
        self._patience = patience
        self._connected = False  # ever
        self._lost_at: float | None = None  # since when there is no connection, after there was one

    def __iter__(self) -> Iterator[EventRecord]:
        while True:
            try:
                yield from self._connection()
            except _BROKEN as error:
                self._give_up(error)
            time.sleep(PAUSE)

    def _give_up(self, error: PcloudError) -> None:
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
        if not self._connected or now - self._lost_at > self._patience:
            raise error

    def _connection(self) -> Iterator[EventRecord]:
        """One connection, until it ends."""
        parameters = {"target": self._target, "kind": self._kind}
        if self._after is not None:
            parameters["after"] = str(self._after)
        usual = self._http.timeout
        timeout = httpx.Timeout(connect=usual.connect, write=usual.write, pool=usual.pool, read=SILENCE)
        with our_errors(self._socket_path), connect_sse(self._http, "GET", "/events/stream", params=parameters, timeout=timeout) as source:
            if not source.response.is_success:
                source.response.read()
                raise_for(source.response)
            try:
                for message in source.iter_sse():
                    self._connected, self._lost_at = True, None
                    self._after, event = _read(message)
                    if event is not None:
                        yield event
            except SSEError as error:
                raise PcloudError("an answer that is not a stream of events") from error


def _read(message: ServerSentEvent) -> tuple[int, EventRecord | None]:
    """How far it goes, and the event if it is one. PcloudError for what no daemon of this version sends."""
    try:
        return int(message.id), EventRecord.model_validate_json(message.data) if message.event == "event" else None
    except ValueError as error:
        raise PcloudError("the daemon's stream is not what this pcloud expects", "are both of the same version?") from error

"""Routes of the journal: pages of what is stored, and a live stream.

Rules of the stream (server-sent events): ``id`` is the event's ``seq``. With ``Last-Event-ID`` (or ``after``) it begins behind that event,
from the store; without, with the next one that happens. First comes a ``ready`` without data, whose id is where the stream begins, so that
a reader who is cut off before the first event knows where to resume. A reader that is too slow is cut off and resumes in the same way: no
event is lost.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema
from sse_starlette import EventSourceResponse, ServerSentEvent

from cpe.shell.api.paging import PAGED, Limit, one_page
from cpe.shell.api.port import Controller, Subscription
from cpe.shell.api.targets import covers
from pcloud.records.event import EventRecord

PAGE = 500  # events read from the store at once: about 200 KB
HEARTBEAT = 15  # seconds; a client that hears nothing for three of them reconnects

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

LAST = 2**63 - 1  # the highest seq that the store can hold

From = Annotated[int, Query(ge=0, le=LAST, description="what is behind this seq")]


def _rfc3339(word: object) -> object:
    """Pydantic takes numbers and dates alone for moments as well; the contract does not."""
    if not isinstance(word, str) or not RFC3339.fullmatch(word):
        raise ValueError("write a time as RFC 3339 does, as in 2025-01-31T12:01:00Z (a + in a URL is %2B)")
    return word


Moment = Annotated[datetime, BeforeValidator(_rfc3339)]
Seq = Annotated[int, Field(ge=0, le=LAST)] | SkipJsonSchema[None]  # a query has no word for null
Since = Annotated[Moment | SkipJsonSchema[None], Query(description="what is not before this, as RFC 3339 writes it")]
Target = Annotated[str, Query(description="DEPLOYABLE[/ASSEMBLY[/RESOURCE]]; all, if empty")]
Last = Annotated[bool, Query(description="the newest ones instead of the oldest")]
Kind = Annotated[str, Query(description="only events of this kind (alert, decided, changed …); all, if empty")]


class Stopping:
    """Tells the streams that the server is about to end, so that they end first."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def begin(self) -> None:
        self._event.set()

    async def next_of(self, queue: Subscription) -> EventRecord | None:
        """The next event; None if there will be no more."""
        getting = asyncio.create_task(queue.get(), name="next event of a stream")
        ending = asyncio.create_task(self._event.wait(), name="end of a stream")
        try:
            await asyncio.wait((getting, ending), return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()
            ending.cancel()


STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: one `ready` with the id where the stream begins, then an `event` for each event: its `id` is "
        "the seq, its `data` an EventRecord as JSON. It ends when the daemon does, or the reader is too slow; Last-Event-ID resumes it.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def event_routes(controller: Controller, stopping: Stopping) -> APIRouter:
    routes = APIRouter(prefix="/events", tags=["events"])

    @routes.get("", summary="Stored events, in order", responses=PAGED)
    async def events(
        request: Request,
        response: Response,
        after: From = 0,
        limit: Limit = 100,
        target: Target = "",
        since: Since = None,
        last: Last = False,
        kind: Kind = "",
    ) -> list[EventRecord]:
        most = limit if last else limit + 1  # behind the newest ones there is nothing to go on to
        found = await controller.events(after=after, limit=most, target=target, since=since, last=last, kind=kind)
        return one_page(found, limit, lambda each: each.seq, request, response)

    @routes.get("/stream", summary="Events as they happen (text/event-stream)", response_class=EventSourceResponse, responses=STREAM)
    async def stream(
        target: Target = "",
        after: Annotated[Seq, Query(description="begin behind this seq")] = None,
        last_event_id: Annotated[Seq, Header(alias="Last-Event-ID", description="likewise; wins")] = None,
        kind: Kind = "",
    ) -> EventSourceResponse:
        begin = last_event_id if last_event_id is not None else after
        return EventSourceResponse(stream_messages(controller, stopping, target, begin, kind), ping=HEARTBEAT)

    return routes


async def stream_messages(
    controller: Controller, stopping: Stopping, target: str, begin: int | None, kind: str = ""
) -> AsyncGenerator[ServerSentEvent]:
    """The stream's messages. Subscribed before the store is read, so that nothing falls between the two."""
    async with controller.subscribe() as queue:
        seen = await _newest(controller) if begin is None else begin
        yield ServerSentEvent(event="ready", id=str(seen))
        if begin is not None:
            while page := await _page(controller, seen, target, kind):
                for event in page:
                    yield _message(event)
                seen = page[-1].seq
        while (coming := await stopping.next_of(queue)) is not None:
            if coming.seq > seen and covers(target, coming) and kind in {"", coming.kind}:
                seen = coming.seq
                yield _message(coming)


async def _newest(controller: Controller) -> int:
    newest = await controller.events(after=0, limit=1, target="", since=None, last=True)
    return newest[-1].seq if newest else 0


async def _page(controller: Controller, after: int, target: str, kind: str) -> Sequence[EventRecord]:
    return await controller.events(after=after, limit=PAGE, target=target, since=None, last=False, kind=kind)


def _message(event: EventRecord) -> ServerSentEvent:
    return ServerSentEvent(event="event", id=event.id, data=event.model_dump_json())

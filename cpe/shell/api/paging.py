"""Lists in pages: a ``Link`` header with ``rel="next"`` leads to what comes behind (RFC 8288).

Rules: the body is the list itself; there is a link only where there is more; a page that is followed to its end has everything that was
there all the time, once, whatever comes or goes meanwhile, because it goes on behind the last thing and not at a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response

MOST = 1000  # things in a page: some hundred KB of JSON at the most

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=MOST, description="at most so many")]

PAGED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Link": {"description": 'Where the list goes on (`<…>; rel="next"`), if it does (RFC 8288)', "schema": {"type": "string"}}
        }
    }
}


def one_page(found: Sequence[T], limit: int, cursor: Callable[[T], object], request: Request, response: Response) -> list[T]:
    """The first ``limit`` of ``found``, which has one more if there is more; the link behind them is put into ``response``."""
    page = list(found[:limit])
    if len(found) > limit:
        behind = request.url.include_query_params(after=cursor(page[-1]))
        response.headers["Link"] = f'<{behind.path}?{behind.query}>; rel="next"'
    return page

"""How the calls to one infrastructure went: what the metrics say of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pcloud.errors import AmbiguousError, InfrastructureError

OUTCOMES: dict[type[BaseException], str] = {
    AmbiguousError: "ambiguous",  # nobody knows whether it was done
    InfrastructureError: "refused",  # the cloud said no, or too many calls wait already
    asyncio.CancelledError: "cancelled",  # whoever asked does not want to know any more
}
"""What a call that raises came to; the first that fits counts."""

KINDS = 50
"""Kinds of calls that are counted apart: a dozen verbs; more would be a name in the place of a verb, and series without end."""


class Tally:
    """``ended``: by the verb and the outcome (``ok``, one of OUTCOMES, ``bug``) how many calls, and the seconds of all of them together."""

    def __init__(self) -> None:
        self.ended: dict[tuple[str, str], tuple[int, float]] = {}
        self.under_way = 0

    @contextmanager
    def counting(self, doing: str) -> Iterator[None]:
        """Count what happens inside; ``doing`` says what that is, its verb first."""
        began, outcome = time.monotonic(), "ok"
        self.under_way += 1
        try:
            yield
        except BaseException as error:
            outcome = next((word for kind, word in OUTCOMES.items() if isinstance(error, kind)), "bug")
            raise
        finally:
            self.under_way -= 1
            self._count((doing.partition(" ")[0], outcome), time.monotonic() - began)

    def _count(self, key: tuple[str, str], seconds: float) -> None:
        if key in self.ended or len(self.ended) < KINDS * (len(OUTCOMES) + 2):
            calls, together = self.ended.get(key, (0, 0.0))
            self.ended[key] = (calls + 1, together + seconds)

"""What the controller needs of a store: a journal that also answers. Another store (a cluster's) implements the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pcloud.model.actions import Report
from pcloud.model.ports import Journal, Stored
from pcloud.records.event import EventRecord
from pcloud.records.explanation import Explanation
from pcloud.records.fact import FactRecord
from pcloud.records.requests import SpecUpload


@dataclass(frozen=True, slots=True)
class StoredDeployable:
    """A registered deployable: the spec as it was uploaded, and since when."""

    name: str
    upload: SpecUpload
    created: datetime


class Store(Journal, Protocol):
    """Everything raises StoreError; what changes something is durable when it returns, and seen by every read after that."""

    @property
    def controller(self) -> str:
        """Who we are: made once with the store, and in the tags of everything that we launch."""

    def on_events(self, callback: Callable[[Sequence[EventRecord]], None]) -> None:
        """Call it in the loop's thread with every group of events that became durable, in the order of ``seq``; it must not block."""

    async def report(self, deployable: str, report: Report, *, wall: float) -> None:
        """An event without a state: what the controller itself has to say of a deployable."""

    async def save_deployable(self, name: str, upload: SpecUpload) -> None:
        """Register it, or replace its spec."""

    def staged(self, name: str, spec: str, upload: SpecUpload) -> AbstractContextManager[None]:
        """Meanwhile the record of a ``SettingsChanged`` with this ``spec`` replaces the deployable's spec, in the same transaction."""

    async def delete_deployable(self, name: str) -> None:
        """Forget its spec, its state and its facts; its events stay. No error if there is none."""

    async def deployables(self) -> Sequence[StoredDeployable]:
        """All that are registered, by name."""

    async def deployable(self, name: str) -> StoredDeployable | None:
        """One of them; None if it is not registered."""

    async def load_state(self, name: str) -> Stored | None:
        """The state as it was recorded last, without its plan; None if it never was."""

    async def mark(self, key: str) -> str | None:
        """What was remembered under ``key`` about the store itself: how far somebody has read, for instance."""

    async def save_mark(self, key: str, value: str | None) -> None:
        """Remember it; None forgets it."""

    async def events(
        self, *, after: int, limit: int, target: str, since: datetime | None, last: bool, kind: str = ""
    ) -> Sequence[EventRecord]:
        """Events with ``seq`` > ``after``, not before ``since`` (UTC if it does not say), of ``target`` or anything below it.

        With ``kind`` only those of that kind.
        At most ``limit``, always in the order of ``seq``: the oldest ones, or with ``last`` the newest.
        """

    async def explanations(self, *, target: str, last: int) -> Sequence[Explanation]:
        """The ``last`` decisions about ``target`` or anything below it ("" is everything), in order, each with what came of it."""

    async def facts(self, name: str, *, after: int, limit: int) -> Sequence[FactRecord]:
        """A deployable's facts with ``seq`` > ``after``, the oldest ``limit`` of them, in order."""

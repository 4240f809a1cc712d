"""One fact of the journal, as it is stored and sent, and back exactly.

Rules:
- Generic over events: the name of the class and its fields, whatever classes there are.
- Nothing of a fact is lost: infinite numbers are written as text (``"Infinity"``), which JSON has no other word for.
- Secrets never reach a fact: plans refer to them, and what machines printed is veiled before it becomes an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, RootModel, TypeAdapter, ValidationError

from pcloud.errors import StoreError
from pcloud.model import events
from pcloud.model.actions import Action, AskPermit, Order, Report
from pcloud.model.facts import JournalFact, StateKept, StateLoaded, StateMade, Taken

T = TypeVar("T")

Beginning = StateMade | StateLoaded | StateKept
"""What a state came from."""

DECISION = "Decision"
_ACTIONS = get_args(Action)


class OrderRecord(BaseModel):
    """Something with an id that a fact led to: an action, a permit that was asked for, or a decision.

    ``kind`` is the name of its class; an answer to it is another fact.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str
    assembly: str = ""
    resource: str = ""


class FactRecord(BaseModel):
    """A fact: the name of its class, its fields, and what was ordered upon it. ``seq`` counts up over the whole store.

    ``at`` is the wall's time; on the deployable's own clock it is ``fields["at"]``, in seconds.
    """

    seq: int
    at: datetime
    deployable: str
    kind: str
    fields: dict[str, Any]
    ordered: list[OrderRecord] = []

    @property
    def clock(self) -> float:
        """When it was, on the deployable's own clock, in seconds."""
        return float(self.fields["at"])


class _Exactly(RootModel[T], Generic[T]):
    """A value that JSON keeps as it is."""

    model_config = ConfigDict(ser_json_inf_nan="strings")


_ORDERED = TypeAdapter(list[OrderRecord])
_FIELDS = TypeAdapter(dict[str, Any])


@cache
def fact_kinds() -> dict[str, type[Any]]:
    """Every class that can stand in a fact, by its name."""
    found = [each for each in vars(events).values() if isinstance(each, type) and issubclass(each, events.Event)]
    return {kind.__name__: kind for kind in (*found, StateMade, StateLoaded, StateKept)}


@cache
def _model(name: str) -> type[_Exactly[Any]]:
    """Made on first use: all of them together would take a command's start a tenth of a second."""
    return _Exactly[fact_kinds()[name]]  # type: ignore[misc, return-value]


def dump_fields(fact: JournalFact) -> tuple[str, str]:
    """The name of a fact's class, and its fields as JSON text."""
    told = fact.event if isinstance(fact, Taken) else fact
    name = type(told).__name__
    return name, _model(name).model_construct(told).model_dump_json()


def dump_ordered(fact: JournalFact) -> str:
    """What a fact led to, as JSON text; empty if that is nothing with an id."""
    orders = list(order_records(fact.ordered)) if isinstance(fact, Taken) and fact.ordered else []
    return _ORDERED.dump_json(orders).decode() if orders else ""


def order_records(orders: Iterable[Order]) -> Iterator[OrderRecord]:
    """What has an id among orders."""
    for order in orders:
        if isinstance(order, _ACTIONS):
            yield OrderRecord(kind=type(order).__name__, id=order.id, assembly=order.assembly, resource=str(getattr(order, "resource", "")))
        elif isinstance(order, AskPermit):
            yield OrderRecord(kind=AskPermit.__name__, id=order.request.permit, assembly=order.assembly, resource=order.resource)
        elif isinstance(order, Report) and order.record is not None:
            yield OrderRecord(kind=DECISION, id=order.record.id, assembly=order.assembly, resource=order.resource)


def fact_record(seq: int, wall: float, deployable: str, kind: str, fields: str, ordered: str) -> FactRecord:
    """The record of what was stored. StoreError for what is damaged."""
    try:
        orders = _ORDERED.validate_json(ordered) if ordered else []
        moment = datetime.fromtimestamp(wall, UTC)
        return FactRecord(seq=seq, at=moment, deployable=deployable, kind=kind, fields=_FIELDS.validate_json(fields), ordered=orders)
    except (ValueError, OverflowError) as error:
        raise StoreError("a stored fact cannot be read", "restore the store from a backup; it was left as it is") from error


def fact_of(record: FactRecord) -> Beginning | events.Event:
    """The event, or beginning, that a record tells of. StoreError for what another, newer pcloud wrote."""
    try:
        told: Beginning | events.Event = _model(record.kind).model_validate(record.fields).root
    except (KeyError, ValidationError) as error:
        raise StoreError(f"fact {record.seq}, a {record.kind}, cannot be read", "is this pcloud older than the daemon?") from error
    return told

"""Nothing that is shipped makes a queue without a bound: what waits for ever in one is memory that somebody else's bad day eats."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
SHIPPED = ("pcloud", "dpe", "cpe", "agents")
FINITE = ("pcloud/replay/", "pcloud/simulation/")
"""These run over what they were given and end: nobody sends them anything."""

BOUNDS = {"Queue": "maxsize", "LifoQueue": "maxsize", "PriorityQueue": "maxsize", "deque": "maxlen", "SimpleQueue": ""}
"""What makes a queue, and the argument that bounds it: none does where it is empty."""
PLACE = {"deque": 1}
"""Where that argument stands when it is not named: else it is the first."""


LIBRARIES = {"asyncio", "queue", "collections", "multiprocessing"}
"""Whose queues they are: we have classes of these names as well."""


def unbounded(source: str) -> Iterator[int]:
    """The lines in which a queue without a bound is made."""
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module in LIBRARIES]
    imported = {each.asname or each.name for node in imports for each in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := called(node.func, imported)) in BOUNDS:
            given = [each.value for each in node.keywords if each.arg == BOUNDS[name]] or node.args[PLACE.get(name, 0) :]
            if not BOUNDS[name] or not given or (isinstance(given[0], ast.Constant) and not given[0].value):
                yield node.lineno


def called(function: ast.expr, imported: set[str]) -> str:
    """What of the libraries is called; empty if nothing is."""
    made = function.value if isinstance(function, ast.Subscript) else function  # deque[int](…)
    match made:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in LIBRARIES:
            return name
        case ast.Name(id=name) if name in imported:
            return name
    return ""


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("asyncio.Queue()", [1]),
        ("q: asyncio.Queue[int] = asyncio.Queue(maxsize=0)", [1]),
        ("queue.SimpleQueue(7)", [1]),
        ("from collections import deque; deque(things)", [1]),
        ("collections.deque[int](things, maxlen=None)", [1]),
        ("from queue import Queue; asyncio.Queue(ROOM); Queue(maxsize=ROOM); collections.deque((), 7)", []),
        ("from cpe.policy.state import Queue; Queue()", []),
    ],
)
def test_a_queue_without_a_bound_is_seen(source: str, lines: list[int]) -> None:
    assert list(unbounded(source)) == lines


def test_every_queue_that_is_shipped_has_a_bound() -> None:
    files = {path.relative_to(HOUSE).as_posix(): path.read_text() for package in SHIPPED for path in (HOUSE / package).rglob("*.py")}
    assert len(files) > 100
    assert [f"{name}:{line}" for name, text in files.items() if not name.startswith(FINITE) for line in unbounded(text)] == []

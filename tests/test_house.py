"""The house stays one that can be read: files and functions have their limits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
OURS = ("pcloud", "dpe", "cpe", "agents", "tests", "benchmarks", "packaging")
LINES = 300
"""Of a file: what is read at one sitting."""

STATEMENT = 40
"""Lines of a function: what fits on a screen."""

FILES = sorted(file for place in OURS for file in (HOUSE / place).rglob("*.py"))


def too_long(text: str) -> list[str]:
    found = [f"{len(text.splitlines())} lines"] if len(text.splitlines()) > LINES else []
    functions = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {each.name: (each.end_lineno or 0) - each.lineno + 1 for each in functions}
    return found + [f"{name}: {length} lines" for name, length in lengths.items() if length > STATEMENT]


def test_no_file_and_no_function_is_too_long_to_be_read() -> None:
    assert FILES
    assert {str(file.relative_to(HOUSE)): found for file in FILES if (found := too_long(file.read_text()))} == {}


@pytest.mark.parametrize(("text", "said"), [
    ("x = 1\n" * 301, ["301 lines"]),
    ("def f():\n" + "    x = 1\n" * 40, ["f: 41 lines"]),
    ("def f():\n" + "    x = 1\n" * 39, []),
])  # fmt: skip
def test_what_is_too_long_is_seen(text: str, said: list[str]) -> None:
    assert too_long(text) == said

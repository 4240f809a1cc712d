"""The program itself: nothing but the standard library, small pieces."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openstack_lab

PACKAGE = Path(openstack_lab.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_it_imports_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names | {"openstack_lab"}
    foreign = {name for path in MODULES for name in imported(ast.parse(path.read_text())) if name.split(".")[0] not in allowed}
    assert foreign == set()


def test_no_file_reaches_300_lines_and_no_function_40() -> None:
    functions = (node for path in MODULES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))
    assert [node.name for node in functions if node.end_lineno and node.end_lineno - node.lineno >= 40] == []
    assert [path.name for path in MODULES if len(path.read_text().splitlines()) >= 300] == []


def test_it_runs_with_debians_own_python_and_nothing_installed() -> None:
    program = PACKAGE.parent / "openstack-lab"
    shown = subprocess.run(["/usr/bin/python3", "-I", "-S", program, "--help"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "up" in shown.stdout
    assert "down" in shown.stdout

"""The program itself: nothing but the standard library, small pieces."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import openstack_lab
from openstack_lab.settings import HOME_VARIABLE

PACKAGE = Path(openstack_lab.__file__).parent
PROGRAM = PACKAGE.parent / "openstack-lab"
HERE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
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


@pytest.mark.skipif(os.geteuid() != 0, reason="taking a lab down is root's")
def test_down_goes_on_when_nobody_reads_what_it_says(tmp_path: Path) -> None:
    for name in ("lab.json", "etc", "log"):
        (tmp_path / name).touch()
    (tmp_path / "cache" / "guest.new").mkdir(parents=True)  # half-made: nobody would go on with it
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        ended = subprocess.run(
            [PROGRAM, "down"], stdout=nobody, stderr=subprocess.PIPE, text=True, env=HERE | {HOME_VARIABLE: str(tmp_path)}, check=False
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert list(tmp_path.rglob("*")) == [tmp_path / "cache"]


@pytest.mark.skipif(os.geteuid() != 0, reason="taking a lab down is root's")
def test_a_lab_whose_record_cannot_be_read_can_still_be_taken_down(tmp_path: Path) -> None:
    (tmp_path / "lab.json").write_text("{")
    environment = HERE | {HOME_VARIABLE: str(tmp_path)}
    asked = subprocess.run([PROGRAM, "status"], capture_output=True, text=True, env=environment, check=False)
    assert "cannot be read" in asked.stderr
    assert subprocess.run([PROGRAM, "down"], env=environment, capture_output=True, check=False).returncode == 0
    assert not tmp_path.exists()


def test_it_runs_with_debians_own_python_and_nothing_installed() -> None:
    shown = subprocess.run(["/usr/bin/python3", "-I", "-S", PROGRAM, "--help"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "up" in shown.stdout
    assert "down" in shown.stdout

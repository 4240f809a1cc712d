"""docs/first-steps.md is what happens: its commands are run, and print what stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.system.running import Daemon
from tests.system.walking import BLOCK, Walk

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

PAGE = Path(__file__).parents[2] / "docs" / "first-steps.md"
OTHERWISE = [
    (r"\(last output: .*?\)(?=;)", "(OUTPUT)"),  # of Python's web server, with its clock
    (r"\d\d:\d\d:\d\d", "CLOCK"),
    (r"127(\.\d+){3}", "ADDRESS"),
    (r"At once|\d+(\.\d+)?s later", "LATER"),
    (r"\b\d+(\.\d+)?s\b", "TIME"),
    (r"hello\.\d+", "DECISION"),
    (r"host, [\w.-]+$", "host, SYSTEM"),
]
"""What differs from one run to the next."""

PROGRESS = ("deployable start", "deployable stop")
"""Which states are seen on the way depends on when it is looked: of these only the last line counts."""


def told(page: str) -> list[tuple[str, str]]:
    """Each command with what it prints, without what differs and however it is wrapped."""
    found = []
    for block in BLOCK.finditer(page):
        if block["kind"] == "console":
            for part in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                if any(word in command for word in PROGRESS):
                    output = output.splitlines()[-1]
                output = " ".join(output.split())
                for pattern, word in OTHERWISE:
                    output = re.sub(pattern, word, output, flags=re.MULTILINE)
                found.append((command, output))
    return found


def test_the_first_steps_go_as_they_are_written(daemon: Daemon, tmp_path: Path) -> None:
    directory = tmp_path / "reader"
    directory.mkdir()
    page = PAGE.read_text()
    written, now = told(page), told(Walk(daemon, directory).rewritten(page))
    assert len(written) > 10
    for one, other in zip(written, now, strict=True):
        assert other == one, "if that is right: .venv/bin/python -m tests.system.walking docs/first-steps.md"
    assert daemon.nodes() == []

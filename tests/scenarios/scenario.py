"""Golden traces: what ``pcloud simulate`` says about them is reviewed as a diff.

A file has a header in words, the command, the trace, ``----``, and what is expected; ``pytest --rewrite-scenarios`` writes what is said
now.
"""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from pcloud.cli.main import run

HERE = Path(__file__).parent
COMMAND = "$ pcloud simulate "
EXPECTED = "----\n"


@dataclass(frozen=True)
class Scenario:
    path: Path
    given: str  # everything up to the expected lines
    expected: str

    @property
    def name(self) -> str:
        return self.path.stem

    def play(self) -> str:
        """What the command says about the trace."""
        _, command, after = self.given.partition(COMMAND)
        line, _, trace = after.partition("\n")
        spec, *options = shlex.split(line)
        assert command, f"{self.path.name}: no line begins with {COMMAND}"
        said, complaint = io.StringIO(), io.StringIO()
        before, sys.stdin = sys.stdin, io.StringIO(trace.removesuffix(EXPECTED))
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaint):
                code = run(["simulate", str(HERE / "specs" / spec), *options])
        finally:
            sys.stdin = before
        assert (code, complaint.getvalue()) == (0, ""), f"{self.path.name}: {complaint.getvalue()}"
        return said.getvalue()

    def rewrite(self, said: str) -> None:
        self.path.write_text(self.given + said)


def scenarios() -> list[Scenario]:
    """All of them, by name."""
    return [read(path) for path in sorted(HERE.glob("*.txt"))]


def read(path: Path) -> Scenario:
    given, mark, expected = path.read_text().partition(EXPECTED)
    assert mark, f"{path.name}: no line is {EXPECTED}"
    return Scenario(path, given + mark, expected)


if __name__ == "__main__":  # for a test that compares runs under different hash seeds
    for each in scenarios():
        sys.stdout.write(f"{each.name}\n{each.play()}")

"""What is wrong in a spec: each problem with its place, its path, what is wrong and what would be right.

Rules: lines and columns are 1-based, as editors count them; all problems of a spec are raised together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pcloud.errors import PcloudError

KeyPath = tuple[str | int, ...]
"""The way from the top of the spec to a value: keys of mappings and indexes of lists."""

SUGGESTIONS = 12
"""More words than this in one cure are not read by anybody."""


def path_text(path: Iterable[str | int]) -> str:
    """As people write it: ``assemblies.web.after[0]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass(frozen=True, slots=True, order=True)
class SpecProblem:
    """One thing that is wrong; ``cure`` says what would be right, and may be empty."""

    line: int
    column: int
    path: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        sentence = f"{self.message}; {self.cure}" if self.cure else self.message
        return f"{self.line}:{self.column}: {self.path}: {sentence}" if self.path else f"{self.line}:{self.column}: {sentence}"


class SpecError(PcloudError):
    """A spec that cannot be used, with everything that is wrong in it, in the order of its lines."""

    def __init__(self, path: str, problems: Iterable[SpecProblem]) -> None:
        self.path = path
        self.problems: tuple[SpecProblem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(f"{path}:{problem}" for problem in self.problems))


def did_you_mean(word: str, known: Sequence[str], what: str) -> str:
    """The cure for an unknown word: the closest known one, or all of them; ``what`` names what they are (``known keys``)."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    if not known:
        return f"there are no {what}"
    more = ", …" if len(known) > SUGGESTIONS else ""
    return f"{what}: {', '.join(known[:SUGGESTIONS])}{more}"

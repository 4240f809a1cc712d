"""``${assembly.word}`` references in texts: found, judged and resolved.

Rules: pure; ``$NAME`` without braces is the shell's and stays untouched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pcloud.spec.problems import did_you_mean

WORDS = ("address", "hostname", "name", "generation")
"""What can be said of another assembly."""

_REFERENCE = re.compile(r"\$\{([^}]*)(\}?)")


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${…}``: ``text`` as it is written. ``assembly`` and ``word`` are empty where it has not this form at all."""

    text: str
    assembly: str
    word: str


def _reference(match: re.Match[str]) -> Reference:
    assembly, dot, word = match[1].partition(".")
    whole = bool(dot and match[2])
    return Reference(match[0], assembly if whole else "", word if whole else "")


def references(text: str) -> list[Reference]:
    """All references of ``text``, in its order, malformed ones too."""
    return [_reference(match) for match in _REFERENCE.finditer(text)]


def resolve(text: str, values: Mapping[tuple[str, str], str]) -> str | None:
    """``text`` with every reference replaced by ``values[assembly, word]``; None when a value is missing."""
    pieces, end = [], 0
    for match in _REFERENCE.finditer(text):
        reference = _reference(match)
        value = values.get((reference.assembly, reference.word))
        if value is None:
            return None
        pieces += [text[end : match.start()], value]
        end = match.end()
    return "".join([*pieces, text[end:]])


def fault(reference: Reference, assemblies: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a reference and what would be right, given the names of all assemblies; None if nothing."""
    if not reference.word or not reference.assembly:
        cure = "write ${ASSEMBLY.WORD}, as in ${mysql.address}; a variable of the shell is written without braces"
        return f"{reference.text} refers to nothing", cure
    if reference.assembly not in assemblies:
        return f'{reference.text} refers to an unknown assembly "{reference.assembly}"', did_you_mean(
            reference.assembly, assemblies, "assemblies"
        )
    if reference.word not in WORDS:
        return f'{reference.text}: an assembly has no "{reference.word}"', did_you_mean(reference.word, WORDS, "it has")
    return None

"""What exit statuses mean, once for all.

Rules: only our own snippets may say pending or unknown; a user's command that happens to exit with one of those numbers has missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pcloud.model.plan import LsbAgent, OcfAgent, ProcessAgent, ResourceAgent, ScriptAgent, SystemdAgent
from pcloud.model.ports import Outcome
from pcloud.model.words import Verdict

NOT_RUNNING: Final = 7
"""OCF's "not running": hard evidence."""
NOT_INSTALLED: Final = 5
"""OCF's word for what is not there at all: a hard error, which no retry mends (policy.md section 1)."""
NOT_PERMITTED: Final = 4
"""OCF's word for what is there and may not be done: likewise."""
PENDING: Final = 96
UNKNOWN: Final = 97
"""96 and 97: no meaning in OCF, LSB, sysexits.h or any shell."""
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
"""The shell's words for a command that could not be started: unknown, by policy.md section 1."""

AGENT: Final[Mapping[int, Verdict]] = {
    0: Verdict.PASSED,
    NOT_RUNNING: Verdict.FAILED,
    PENDING: Verdict.PENDING,
    UNKNOWN: Verdict.UNKNOWN,
    NOT_INSTALLED: Verdict.BROKEN,
    NOT_PERMITTED: Verdict.BROKEN,
}
OCF: Final[Mapping[int, Verdict]] = {**AGENT, **dict.fromkeys((2, 3, 6), Verdict.BROKEN)}
"""Resource agent API 1.1, and LSB after its own statuses were made into these: 2 to 6 are errors that no retry mends."""
SCRIPT: Final[Mapping[int, Verdict]] = {
    0: Verdict.PASSED,
    NOT_RUNNING: Verdict.FAILED,
    _NOT_EXECUTABLE: Verdict.UNKNOWN,
    _NOT_FOUND: Verdict.UNKNOWN,
}
COMMAND: Final[Mapping[int, Verdict]] = {0: Verdict.PASSED, _NOT_EXECUTABLE: Verdict.UNKNOWN, _NOT_FOUND: Verdict.UNKNOWN}
NETWORK: Final[Mapping[int, Verdict]] = {0: Verdict.PASSED, UNKNOWN: Verdict.UNKNOWN}

_HARD: Final[Mapping[type[ResourceAgent], frozenset[int]]] = {
    SystemdAgent: frozenset({NOT_INSTALLED, NOT_PERMITTED}),
    OcfAgent: frozenset({2, 3, NOT_PERMITTED, NOT_INSTALLED, 6}),
    LsbAgent: frozenset({NOT_PERMITTED, NOT_INSTALLED, 6}),  # many scripts say 2 and 3 for whatever fails
    ProcessAgent: frozenset({NOT_INSTALLED, NOT_PERMITTED}),
    ScriptAgent: frozenset({_NOT_EXECUTABLE, _NOT_FOUND}),
}
"""The exit statuses of a start or stop after which trying again cannot help."""


def judged(agent: ResourceAgent, outcome: Outcome) -> Outcome:
    """The outcome of a start or stop, with whether trying again can help."""
    return replace(outcome, hard=True) if outcome.status in _HARD[type(agent)] else outcome

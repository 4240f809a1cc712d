"""``process:COMMAND``: a foreground command that pcloud itself keeps.

Rules: started in a session of its own, so that its group can be ended whole; known by pid and start time, so that a reused pid is never
believed; it outlives our connection and our controller.
"""

from __future__ import annotations

import re
import shlex

from agents.resources.texts import compose
from pcloud.model.plan import ProcessAgent

_KILL_RESERVE = 10.0
"""Seconds of a stop's time that are kept for SIGKILL and for seeing that it worked; a quarter where the whole time is short."""

_SHELL_WORDS = frozenset(
    (
        "!",
        "{",
        ".",
        "case",
        "cd",
        "eval",
        "exec",
        "export",
        "for",
        "if",
        "set",
        "source",
        "trap",
        "ulimit",
        "umask",
        "until",
        "wait",
        "while",
    )
)
"""What the shell itself must read or do: it cannot be executed."""


_PLAIN = re.compile(r"[A-Za-z0-9_./+:@%,-]+")
"""A word that means itself to the shell."""


def start(name: str, agent: ProcessAgent) -> str:
    """Text that starts the command, or finds it running."""
    return _compose("start_process", name, agent)


def stop(name: str, agent: ProcessAgent, timeout: float) -> str:
    """Text that ends the whole group: SIGTERM, then SIGKILL in time to be certain within ``timeout`` seconds."""
    grace = max(timeout - _KILL_RESERVE, timeout * 0.75)
    return f"grace={int(grace)}\n" + _compose("stop_process", name, agent)


def monitor(name: str, agent: ProcessAgent) -> str:
    """Text whose exit status says whether it runs."""
    return _compose("monitor_process", name, agent)


def program(command: str) -> str:
    """What the command executes, where it is a single one that names it plainly; else empty."""
    first = _first_of_single(command)
    return first if _PLAIN.fullmatch(first) else ""


def executed(command: str) -> str:
    """The command so that no shell stays between it and us, where it is a single one: what is known and killed is then itself."""
    return f"exec {command}" if _first_of_single(command) else command


def _first_of_single(command: str) -> str:
    """The first word of a command that can be executed as it is; empty where the shell must read or do more."""
    words = shlex.shlex(command, posix=False, punctuation_chars=True)
    words.whitespace_split = True
    try:
        parts = list(words)
    except ValueError:  # a quote that is never closed: the shell's own words for it are better than ours
        return ""
    single = not any(set(part) <= set("();<>|&") for part in parts) and not set("\n`") & set(command)
    first = parts[0] if parts else ""
    return first if single and first not in _SHELL_WORDS and "=" not in first and not first.startswith("$") else ""


def _compose(verb: str, name: str, agent: ProcessAgent) -> str:
    command = agent.command
    prelude = compose("user.sh", name=name, command=executed(command), user=agent.user, directory=agent.directory)
    return prelude + compose("process.sh", verb=verb, program=program(command))

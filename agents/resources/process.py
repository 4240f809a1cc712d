"""``process:COMMAND``: a foreground command that pcloud itself keeps.

Rules: started in a session of its own, so that its group can be ended whole; known by pid and start time, so that a reused pid is never
believed; it outlives our connection and our controller.
"""

from __future__ import annotations

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


def executed(command: str) -> str:
    """The command so that no shell stays between it and us, where it is a single one: what is known and killed is then itself."""
    words = shlex.shlex(command, posix=False, punctuation_chars=True)
    words.whitespace_split = True
    try:
        parts = list(words)
    except ValueError:  # a quote that is never closed: the shell's own words for it are better than ours
        return command
    single = not any(set(part) <= set("();<>|&") for part in parts) and not set("\n`") & set(command)
    first = parts[0] if parts else ""
    return f"exec {command}" if single and first not in _SHELL_WORDS and "=" not in first and not first.startswith("$") else command


def _compose(verb: str, name: str, agent: ProcessAgent) -> str:
    prelude = compose("user.sh", name=name, command=executed(agent.command), user=agent.user, directory=agent.directory)
    return prelude + compose("process.sh", verb=verb)

"""``process:COMMAND``: a foreground command that pcloud itself keeps.

Rules: started in a session of its own, so that its group can be ended whole; known by pid and start time, so that a reused pid is never
believed; it outlives our connection and our controller.
"""

from __future__ import annotations

from agents.resources.texts import compose
from pcloud.model.plan import ProcessAgent

_KILL_RESERVE = 10.0
"""Seconds of a stop's time that are kept for SIGKILL and for seeing that it worked; a quarter where the whole time is short."""


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


def _compose(verb: str, name: str, agent: ProcessAgent) -> str:
    prelude = compose("user.sh", name=name, command=agent.command, user=agent.user, directory=agent.directory)
    return prelude + compose("process.sh", verb=verb)

"""``script:`` with the user's own start, stop and monitor commands.

Rules: they run in their directory and as their user; what start and stop print goes to the service's log, so that a daemon they leave
running holds a file and not our connection.
"""

from __future__ import annotations

from agents.resources.texts import compose
from pcloud.model.plan import ScriptAgent


def start(name: str, agent: ScriptAgent) -> str:
    """Text that runs the start command."""
    return _compose("logged", name, agent, agent.start)


def stop(name: str, agent: ScriptAgent) -> str:
    """Text that runs the stop command."""
    return _compose("logged", name, agent, agent.stop)


def monitor(name: str, agent: ScriptAgent) -> str:
    """Text that exits with what the monitor command exits with."""
    return _compose("plain", name, agent, agent.monitor)


def _compose(verb: str, name: str, agent: ScriptAgent, command: str) -> str:
    prelude = compose("user.sh", name=name, command=command, user=agent.user, directory=agent.directory)
    return prelude + compose("script.sh", verb=verb)

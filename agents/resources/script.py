"""``script:`` with the user's own start, stop and monitor commands.

Rules: they run in their directory and as their user; a service that its monitor calls running is not started again, and a stop that fails
has been done where the monitor says "not running".
"""

from __future__ import annotations

from agents.resources.texts import compose
from pcloud.model.plan import ScriptAgent


def start(name: str, agent: ScriptAgent, monitor_timeout: float) -> str:
    """Text that runs the start command, unless the monitor says within ``monitor_timeout`` seconds that it runs."""
    return _compose("start_script", name, agent, monitor_timeout)


def stop(name: str, agent: ScriptAgent, monitor_timeout: float) -> str:
    """Text that runs the stop command."""
    return _compose("stop_script", name, agent, monitor_timeout)


def monitor(name: str, agent: ScriptAgent) -> str:
    """Text that exits with what the monitor command exits with."""
    return _compose("monitor_script", name, agent)


def _compose(verb: str, name: str, agent: ScriptAgent, limit: float = 0.0) -> str:
    prelude = compose("user.sh", name=name, user=agent.user, directory=agent.directory)
    commands = {"start": agent.start, "stop": agent.stop, "monitor": agent.monitor}
    return prelude + compose("script.sh", verb=verb, limit=f"{limit:g}", **commands)

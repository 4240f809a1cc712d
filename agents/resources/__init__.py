"""Resource agents: each turns its plan into shell text that starts, stops and monitors one service.

Rules: the text runs under any POSIX sh in the machine; its monitor's exit status is judged by ``agents.statuses``; start and stop are
idempotent, exit with 0 when it is so, and print why not on their last line.
"""

from __future__ import annotations

from agents.resources import process, script, systemd
from pcloud.model.plan import ProcessAgent, ResourceAgent, ScriptAgent, SystemdAgent


def start_script(name: str, agent: ResourceAgent) -> str:
    """Text that starts the service, or finds it running."""
    match agent:
        case SystemdAgent():
            return systemd.start(agent)
        case ProcessAgent():
            return process.start(name, agent)
        case ScriptAgent():
            return script.start(name, agent)


def stop_script(name: str, agent: ResourceAgent, timeout: float) -> str:
    """Text that stops the service within ``timeout`` seconds, or finds it stopped."""
    match agent:
        case SystemdAgent():
            return systemd.stop(agent)
        case ProcessAgent():
            return process.stop(name, agent, timeout)
        case ScriptAgent():
            return script.stop(name, agent)


def limits_script(agent: ResourceAgent) -> str:
    """Text that prints how long a start and a stop of the service itself may take; empty where it sets itself no limit."""
    return systemd.limits(agent) if isinstance(agent, SystemdAgent) else ""


def monitor_script(name: str, agent: ResourceAgent, timeout: float) -> str:
    """Text whose exit status says how the service is; it has ``timeout`` seconds."""
    match agent:
        case SystemdAgent():
            return systemd.monitor(agent, timeout)
        case ProcessAgent():
            return process.monitor(name, agent)
        case ScriptAgent():
            return script.monitor(name, agent)

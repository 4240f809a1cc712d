"""Resource agents: each turns its plan into shell text that starts, stops and monitors one service.

Rules: the text runs under any POSIX sh in the machine; its monitor's exit status is judged by ``agents.statuses``; start and stop are
idempotent, exit with 0 when it is so, and print why not on their last line.
"""

from __future__ import annotations

from agents.resources import lsb, ocf, process, script, systemd
from pcloud.model.plan import LsbAgent, OcfAgent, ProcessAgent, ResourcePlan, ScriptAgent, SystemdAgent


def start_script(resource: ResourcePlan, timeout: float) -> str:
    """Text that starts the service within ``timeout`` seconds, or finds it running; empty for a resource that is a check alone."""
    match resource.agent:
        case SystemdAgent() as agent:
            return systemd.start(agent)
        case ProcessAgent() as agent:
            return process.start(resource.name, agent)
        case ScriptAgent() as agent:
            return script.start(resource.name, agent, resource.timeout)
        case OcfAgent() as agent:
            return ocf.start(resource.name, agent, timeout)
        case LsbAgent() as agent:
            return lsb.start(resource.name, agent, resource.timeout)
        case None:
            return ""


def stop_script(resource: ResourcePlan, timeout: float) -> str:
    """Text that stops the service within ``timeout`` seconds, or finds it stopped; empty likewise."""
    match resource.agent:
        case SystemdAgent() as agent:
            return systemd.stop(agent)
        case ProcessAgent() as agent:
            return process.stop(resource.name, agent, timeout)
        case ScriptAgent() as agent:
            return script.stop(resource.name, agent, resource.timeout)
        case OcfAgent() as agent:
            return ocf.stop(resource.name, agent, timeout)
        case LsbAgent() as agent:
            return lsb.stop(resource.name, agent, resource.timeout)
        case None:
            return ""


def habits_script(resource: ResourcePlan) -> str:
    """Text that prints what the service or its agent says of its own times, for ``agents.habits``; empty where it says nothing."""
    match resource.agent:
        case SystemdAgent() as agent:
            return systemd.habits(agent)
        case OcfAgent() as agent:
            return ocf.habits(resource.name, agent)
        case _:
            return ""


def monitor_script(resource: ResourcePlan) -> str:
    """Text whose exit status says how the service is; it has the resource's ``timeout``. Empty likewise."""
    match resource.agent:
        case SystemdAgent() as agent:
            return systemd.monitor(agent, resource.timeout)
        case ProcessAgent() as agent:
            return process.monitor(resource.name, agent)
        case ScriptAgent() as agent:
            return script.monitor(resource.name, agent)
        case OcfAgent() as agent:
            return ocf.monitor(resource.name, agent, resource.timeout, resource.interval)
        case LsbAgent() as agent:
            return lsb.monitor(resource.name, agent)
        case None:
            return ""

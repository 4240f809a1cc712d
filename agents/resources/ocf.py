"""``ocf:PROVIDER:NAME``: a resource agent of the Open Cluster Framework, resource agent API 1.1.

Rules: everything that it is told goes through its environment, a secret by the name of the variable that holds it, so that its value
stands in no text of this one; what start and stop print goes to the service's log, as ``script:``'s.
"""

from __future__ import annotations

from agents.resources.texts import compose
from agents.shelltext import exports
from pcloud.model.plan import OcfAgent


def start(name: str, agent: OcfAgent, timeout: float) -> str:
    """Text that starts it; its agent is told that it has ``timeout`` seconds."""
    return _compose("start_ocf", name, agent, timeout)


def stop(name: str, agent: OcfAgent, timeout: float) -> str:
    """Text that stops it, likewise."""
    return _compose("stop_ocf", name, agent, timeout)


def monitor(name: str, agent: OcfAgent, timeout: float, interval: float) -> str:
    """Text whose exit status says how it is, after OCF's own were made into those of ``agents.statuses``."""
    return _compose("monitor_ocf", name, agent, timeout, interval)


def habits(name: str, agent: OcfAgent) -> str:
    """Text that prints what the agent's metadata say of its times, for ``agents.habits``."""
    return _compose("tell_habits", name, agent, 0.0)


def _compose(verb: str, name: str, agent: OcfAgent, timeout: float, interval: float = 0.0) -> str:
    told = {
        "OCF_RA_VERSION_MAJOR": "1",
        "OCF_RA_VERSION_MINOR": "1",
        "OCF_RESOURCE_INSTANCE": name,
        "OCF_RESOURCE_PROVIDER": agent.provider,
        "OCF_RESOURCE_TYPE": agent.kind,
        "OCF_CHECK_LEVEL": str(agent.check_level),
        "OCF_RESKEY_CRM_meta_timeout": _milliseconds(timeout),
        "OCF_RESKEY_CRM_meta_interval": _milliseconds(interval),
        **{f"OCF_RESKEY_{param}": value for param, value in agent.params},
    }
    variables = " ".join(f"{param}:{variable}" for param, variable in agent.variables)
    settings = compose("user.sh", name=name, user="", directory="", provider=agent.provider, kind=agent.kind, variables=variables)
    return exports(told) + settings + compose("init.sh") + compose("ocf.sh", verb=verb)


def _milliseconds(span: float) -> str:
    return f"{span * 1000:.0f}"

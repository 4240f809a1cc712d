"""``lsb:NAME``: an init script, as the Linux Standard Base has it (LSB 5.0, core, "Init Script Actions").

Rules: it is run as an init system would run it, in ``/`` and with an environment of its own; one whose ``status`` says that it runs is not
started again, and a stop that fails has been done where ``status`` says that it does not run.
"""

from __future__ import annotations

from agents.resources.texts import compose
from pcloud.model.plan import LsbAgent


def start(name: str, agent: LsbAgent, status_timeout: float) -> str:
    """Text that starts it, unless its status says within ``status_timeout`` seconds that it runs."""
    return _compose("start_lsb", name, agent, status_timeout)


def stop(name: str, agent: LsbAgent, status_timeout: float) -> str:
    """Text that stops it."""
    return _compose("stop_lsb", name, agent, status_timeout)


def monitor(name: str, agent: LsbAgent) -> str:
    """Text whose exit status says how it is, after LSB's own were made into those of ``agents.statuses``."""
    return _compose("monitor_lsb", name, agent)


def _compose(verb: str, name: str, agent: LsbAgent, limit: float = 0.0) -> str:
    settings = compose("user.sh", name=name, user="", directory="", kind=agent.script, limit=f"{limit:g}")
    return settings + compose("init.sh") + compose("lsb.sh", verb=verb)

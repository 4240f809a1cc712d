"""``systemd:UNIT``.

Rules: read by ``systemctl show`` properties, never by texts for people; a unit that is not there says "missing unit" first.
"""

from __future__ import annotations

from agents.resources.texts import compose
from pcloud.model.plan import SystemdAgent

_ANSWER_PART = 0.8
"""Part of a probe's time after which systemd does not answer: it may be executing itself anew, which is no timeout of the unit."""


def start(agent: SystemdAgent) -> str:
    """Text that starts the unit and waits for its job."""
    return compose("systemd.sh", unit=agent.unit, verb="start_unit")


def stop(agent: SystemdAgent) -> str:
    """Text that stops the unit and waits for its job."""
    return compose("systemd.sh", unit=agent.unit, verb="stop_unit")


def habits(agent: SystemdAgent) -> str:
    """Text that prints the unit's own limits, for ``agents.habits``."""
    return compose("systemd.sh", unit=agent.unit, verb="tell_limits")


def await_packages() -> str:
    """Text that ends when no package is being changed in the machine."""
    return compose("systemd.sh", unit="", verb="await_packages")


def monitor(agent: SystemdAgent, timeout: float) -> str:
    """Text whose exit status says how the unit is, within ``timeout`` seconds; where it is pending, also for how long it may be."""
    answer_limit = max(1, int(timeout * _ANSWER_PART))
    return compose("systemd.sh", unit=agent.unit, answer_limit=str(answer_limit), verb="monitor_unit")

"""``systemd:UNIT``.

Rules: read by ``systemctl show`` properties, never by texts for people; a unit that is not there says "missing unit" first.
"""

from __future__ import annotations

from agents.resources.texts import compose
from pcloud.model.plan import SystemdAgent


def start(agent: SystemdAgent) -> str:
    """Text that starts the unit and waits for its job."""
    return compose("systemd.sh", unit=agent.unit, verb="start_unit")


def stop(agent: SystemdAgent) -> str:
    """Text that stops the unit and waits for its job."""
    return compose("systemd.sh", unit=agent.unit, verb="stop_unit")


def monitor(agent: SystemdAgent) -> str:
    """Text whose exit status says how the unit is."""
    return compose("systemd.sh", unit=agent.unit, verb="monitor_unit")

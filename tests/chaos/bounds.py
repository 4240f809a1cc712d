"""How long recovering may take after the last fault, by the times of the specs and of the policy."""

from __future__ import annotations

from cpe.shell.infrastructures.local.dialect import LocalDialect
from tests.chaos.applications import EACH, SCALE

STORM = 120.0
"""policy.md section 5: a storm or a freeze is released after 2 min below the threshold."""
AMBIGUOUS = LocalDialect.lateness
"""policy.md section 6: an ambiguous answer is listed for so long before anything is created again; the embedded cloud is quick."""
IN_FLIGHT, RELAUNCHES = 5, 6  # policy.md section 5, per infrastructure; relaunches a minute


def recovered_within() -> float:
    """Seconds: what the guards hold may begin after ``STORM``; then each deployable of one infrastructure, as many at once as the caps let

    in, climbs from a restart that does not help to a relaunch whose answer is ambiguous; and what comes after it is restarted.
    """
    noticed = 3 * SCALE.silence + 3 * (SCALE.interval + SCALE.timeout)
    climb = SCALE.restart_verify + SCALE.reboot_verify + SCALE.relaunch_verify + 3 * SCALE.max_delay
    turns = max(-(-EACH // IN_FLIGHT), EACH / RELAUNCHES)
    return STORM + noticed + AMBIGUOUS + turns * climb + SCALE.restart_verify

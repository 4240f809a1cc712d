"""The numbers of the guards (policy.md section 5), each with its reason."""

from __future__ import annotations

from pcloud.model import guards

PER_DEPLOYABLE = 1
"""Recoveries above a restart in flight per deployable (policy.md section 5)."""
PER_INFRASTRUCTURE = 5
"""The same per infrastructure (policy.md section 5)."""
RELAUNCHES = 6
"""Machines relaunched per infrastructure within ``MINUTE`` (policy.md section 5). A deployable of more machines counts as so many, for it
could never be relaunched otherwise: it is let in when nothing else was relaunched for a minute."""
MINUTE = guards.RATE_WITHIN
"""Seconds; a relaunch that began exactly so long ago counts no more."""
RESTARTS = 50
"""Restarts at once per infrastructure (policy.md section 5)."""
SERIAL_BELOW = 5
"""Assemblies of one infrastructure and zone below which a share says nothing: they are recovered one after the other (section 5)."""
CALM = 120.0
"""Seconds for which a storm or a freeze must be over before it is released (policy.md section 5)."""
UNVERIFIED = 3
"""Deployables whose last recoveries did not verify, one after the other, that freeze an infrastructure (policy.md section 5)."""
TRIAL_PAUSE = CALM
"""Seconds from a trial that did not verify to the next one: what is frozen for less evidence is held for the same time."""
ALERT_AFTER = 300.0
"""Seconds after which a guard that holds is an alert (policy.md section 5)."""
OUTSIDE_LEAST = 3
"""Assemblies whose checks from the controller must fail at once before our own way out is doubted (policy.md section 5)."""


def most_unhealthy(assemblies: int) -> int:
    """How many of so many may be unhealthy before nothing is done any more: floor(0.4 * N), in whole numbers (policy.md section 5)."""
    return assemblies * 2 // 5


def way_out_doubtful(failing: int, having: int) -> bool:
    """Whether too many checks from the controller fail at once: over 20 %, and at least three (policy.md section 5)."""
    return failing >= OUTSIDE_LEAST and failing * 5 > having

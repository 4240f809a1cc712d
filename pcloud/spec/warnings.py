"""What is allowed in a spec and hardly meant: windows that the rhythm of the probes makes unlikely ever to fill (policy.md section 3.8)."""

from __future__ import annotations

from collections.abc import Iterator

from pcloud.model.plan import DeployablePlan, ResourcePlan
from pcloud.spec.recovery import total_delay
from pcloud.spec.units import duration_text


def warnings(plan: DeployablePlan) -> Iterator[str]:
    """One sentence for each window that its probes are too slow for."""
    for assembly in plan.assemblies:
        for resource in assembly.resources:
            settings = resource.recovery.restart
            taken = total_delay(settings) + (settings.failures - 1) * seen_after(resource)
            if settings.failures > 1 and taken > settings.within:
                window, needed = duration_text(settings.within), duration_text(taken)
                yield (
                    f"{assembly.name}/{resource.name}: {settings.failures} failures will hardly fall within {window}: "
                    f"its probes and the delays take {needed} for them"
                )


def seen_after(plan: ResourcePlan) -> float:
    """Seconds in which the quickest of its probes shows a failure: hard evidence at the next look, soft after ``fall`` of them."""
    looks = [check.interval * check.fall for check in plan.checks]
    if plan.agent is not None:
        looks.append(plan.interval)
    return min(looks, default=0.0)

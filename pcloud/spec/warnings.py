"""What is allowed in a spec and hardly meant.

That is: windows that the rhythm of the probes makes unlikely ever to fill (policy.md section 3.8), and static machines that nobody can log
in to, since their host key is not known or no key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from pcloud.model.plan import AssemblyPlan, DeployablePlan, ResourcePlan
from pcloud.spec.fields import HOST_KEY_RULE
from pcloud.spec.recovery import total_delay
from pcloud.spec.units import duration_text

SSH = 22  # the port that nobody needs to name


def warnings(plan: DeployablePlan) -> Iterator[str]:
    """One sentence for each of them."""
    for assembly in plan.assemblies:
        yield from _contact_warnings(assembly)
        for resource in assembly.resources:
            settings = resource.recovery.restart
            taken = total_delay(settings) + (settings.failures - 1) * seen_after(resource)
            if settings.failures > 1 and taken > settings.within:
                window, needed = duration_text(settings.within), duration_text(taken)
                yield (
                    f"{assembly.name}/{resource.name}: {settings.failures} failures will hardly fall within {window}: "
                    f"its probes and the delays take {needed} for them"
                )


def _contact_warnings(plan: AssemblyPlan) -> Iterator[str]:
    """Why there will be no contact with a static machine."""
    if not plan.static:
        return
    line = plan.monitor.host_key
    if not line:
        port = "" if plan.monitor.port == SSH else f"-p {plan.monitor.port} "
        scan = f"ssh-keyscan -t ed25519 {port}{plan.address}"
        yield f"{plan.name}: without monitor.host_key there is no contact; write what {scan} prints, once you know that it is the machine's"
    elif not is_public_key(line):
        yield f"{plan.name}: its monitor.host_key is no whole public key, so that there will be no contact; {HOST_KEY_RULE}"


def is_public_key(line: str) -> bool:
    """Whether the second word of a public line is a key of the kind that the first one says (RFC 4253, section 6.6)."""
    kind, encoded = line.split()[:2]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    parts: list[bytes] = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            return False
        parts, blob = [*parts, blob[4 : 4 + length]], blob[4 + length :]
    return len(parts) > 1 and parts[0] == kind.encode()


def seen_after(plan: ResourcePlan) -> float:
    """Seconds in which the quickest of its probes shows a failure: hard evidence at the next look, soft after ``fall`` of them."""
    looks = [check.interval * check.fall for check in plan.checks]
    if plan.agent is not None:
        looks.append(plan.interval)
    return min(looks, default=0.0)

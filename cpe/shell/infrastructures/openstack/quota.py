"""Whether a project has room for one more server, asked before it is made.

Rules: what a member may see of its own limits is enough; a cloud that does not say them refuses by itself.
"""

from __future__ import annotations

from typing import Any

from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from pcloud.errors import HardInfrastructureError

CURE = "free something there, or have the quota raised"


def expect_room(driver: OpenStackDriver, size: Any, sentence: str) -> None:
    """HardInfrastructureError with the numbers, where one more server of that size would be refused; ``sentence`` begins it."""
    limits = driver.compute("/limits").get("limits", {}).get("absolute", {})
    wanted = (
        ("instances", 1, "totalInstancesUsed", "maxTotalInstances", ""),
        ("cores", getattr(size, "vcpus", None) or 0, "totalCoresUsed", "maxTotalCores", ""),
        ("memory", size.ram, "totalRAMUsed", "maxTotalRAMSize", " MiB"),
    )
    short = []
    for what, more, used_key, most_key, unit in wanted:
        used, most = limits.get(used_key), limits.get(most_key)
        if isinstance(used, int) and isinstance(most, int) and most >= 0 and used + more > most:
            short.append(f"{what}: {used} of {most}{unit} used, {more} more needed")
    if short:
        raise HardInfrastructureError(f"{sentence}: the project's quota has no room ({'; '.join(short)})", CURE)

"""How a deployable stands, as a tree: deployable, its assemblies, their resources.

Rules: pure; one row each, the reason last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from pcloud.records.status import AssemblyStatus, DeployableStatus, DeployableSummary, InstanceStatusBody
from pcloud.screen.columns import Row, columns
from pcloud.screen.format import ago, clean, state_text


def status_lines(status: DeployableStatus, now: datetime, width: int) -> Iterator[Text]:
    """The tree of one deployable."""
    rows: list[Row] = [(Text(status.name, "bold"), state_text(status.state), "", "", clean(_reason(status)))]
    for number, assembly in enumerate(status.assemblies):
        last = number == len(status.assemblies) - 1
        rows.extend(_branch(assembly, "└─ " if last else "├─ ", "   " if last else "│  ", now))
    return columns(("NAME", "STATE", "SINCE", "INSTANCE", "REASON"), rows, width)


def _reason(status: DeployableStatus) -> str:
    """Why, and what is wanted of it where that is something else."""
    wanted = {"running": "healthy"}.get(status.desired, status.desired)
    return "; ".join(part for part in (status.reason, "" if status.state == wanted else f"wanted {status.desired}") if part)


def _branch(assembly: AssemblyStatus, joint: str, stem: str, now: datetime) -> Iterator[Row]:
    yield (
        f"{joint}{assembly.name}",
        state_text(assembly.state),
        ago(assembly.since, now),
        instance_text(assembly.instance),
        clean(assembly.reason),
    )
    for number, resource in enumerate(assembly.resources):
        twig = "└─ " if number == len(assembly.resources) - 1 else "├─ "
        yield (f"{stem}{twig}{resource.name}", state_text(resource.state), ago(resource.since, now), "", clean(resource.reason))


def instance_text(instance: InstanceStatusBody | None) -> str:
    """Its generation and address: ``#2 10.0.0.7``."""
    return f"#{instance.generation} {clean(instance.address)}".rstrip() if instance else ""


def summary_lines(summaries: Sequence[DeployableSummary], width: int) -> Iterator[Text]:
    """The list of all deployables."""
    rows = [(one.name, state_text(one.state), one.desired, f"{one.healthy} of {one.assemblies} healthy") for one in summaries]
    return columns(("NAME", "STATE", "WANTED", "ASSEMBLIES"), rows, width)

"""How a deployable stands, as a tree: deployable, its assemblies, their resources.

Rules: pure; one row each, the reason last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from pcloud.records.status import (
    AssemblyStatus,
    DeployableStatus,
    DeployableSummary,
    InstanceStatusBody,
    PauseStatus,
    ResourceStatus,
)
from pcloud.screen.columns import Row, columns
from pcloud.screen.format import ago, clean, clock, state_text

HEADER = ("NAME", "STATE", "SINCE", "INSTANCE", "REASON")


def status_lines(status: DeployableStatus, now: datetime, width: int) -> Iterator[Text]:
    """The tree of one deployable, and who has paused what of it."""
    rows: list[Row] = [(Text(status.name, "bold"), state_text(status.state), "", "", clean(_and_held(_reason(status), status, now)))]
    for number, assembly in enumerate(status.assemblies):
        last = number == len(status.assemblies) - 1
        rows.extend(_branch(assembly, "└─ " if last else "├─ ", "   " if last else "│  ", now))
    yield from columns(HEADER, rows, width)
    yield from (pause_line(status.name, pause, now) for pause in status.pauses)
    yield from doubt_lines(status)


def doubt_lines(status: DeployableStatus) -> Iterator[Text]:
    """Why the controller does nothing by itself, and what ends it."""
    kept_from = (("only observed", status.observing), ("frozen", status.stale))
    for how, why in kept_from:
        if why:
            yield Text(clean(f"{status.name} is {how}: {why}; `pcloud takeover {status.name}` ends it"), "yellow")


def assembly_lines(status: DeployableStatus, assembly: AssemblyStatus, now: datetime, width: int) -> Iterator[Text]:
    """The branch of one assembly, and who has paused it."""
    (_, *first), *rest = _branch(assembly, "", "", now)
    rows: list[Row] = [(Text(f"{status.name}/{assembly.name}", "bold"), *first), *rest]
    yield from columns(HEADER, rows, width)
    yield from (pause_line(status.name, pause, now) for pause in status.pauses if pause.assembly in {None, assembly.name})


def pause_line(name: str, pause: PauseStatus, now: datetime) -> Text:
    """``blog/web is paused by ann until 18:02:11: new disks``."""
    target = f"{name}/{pause.assembly}" if pause.assembly else name
    how = "in maintenance" if pause.maintenance else "paused"
    line = Text(clean(f"{target} is {how} by {pause.owner} until {clock(pause.until, now)}"), "yellow")
    return line.append(f": {clean(pause.reason)}") if pause.reason else line


def _and_held(reason: str, status: DeployableStatus | AssemblyStatus | ResourceStatus, now: datetime) -> str:
    """The reason, and what a recovery waits for."""
    waits = status.held
    if waits and status.held_since is not None:
        waits = f"{waits} (for {ago(status.held_since, now)})"
    return "; ".join(part for part in (reason, waits) if part)


def _reason(status: DeployableStatus) -> str:
    """Why, and what is wanted of it where that is something else."""
    wanted = {"running": "healthy"}.get(status.desired, status.desired)
    otherwise = "" if wanted in {status.state, "unknown"} else f"wanted {status.desired}"
    return "; ".join(part for part in (status.reason, otherwise) if part)


def _branch(assembly: AssemblyStatus, joint: str, stem: str, now: datetime) -> Iterator[Row]:
    yield (
        f"{joint}{assembly.name}",
        state_text(assembly.state),
        ago(assembly.since, now),
        instance_text(assembly.instance),
        clean(_and_held(assembly.reason, assembly, now)),
    )
    for number, resource in enumerate(assembly.resources):
        twig = "└─ " if number == len(assembly.resources) - 1 else "├─ "
        reason = clean(_and_held(resource.reason, resource, now))
        yield (f"{stem}{twig}{resource.name}", state_text(resource.state), ago(resource.since, now), "", reason)


def instance_text(instance: InstanceStatusBody | None) -> str:
    """Its generation and address: ``#2 10.0.0.7``."""
    return f"#{instance.generation} {clean(instance.address)}".rstrip() if instance else ""


def summary_lines(summaries: Sequence[DeployableSummary], width: int) -> Iterator[Text]:
    """The list of all deployables."""
    rows = [
        (
            one.name,
            state_text(one.state),
            one.desired,
            f"{one.healthy} of {one.assemblies} healthy{'; only observed' if one.observing else ''}",
        )
        for one in summaries
    ]
    return columns(("NAME", "STATE", "WANTED", "ASSEMBLIES"), rows, width)

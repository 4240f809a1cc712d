"""Targets on the command line: DEPLOYABLE[/ASSEMBLY[/RESOURCE]].

Rules: too few or too many parts are a usage error; a name that is unknown comes with the nearest known one.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from pcloud.client import Client
from pcloud.errors import NotFoundError, PcloudError
from pcloud.records.status import DeployableStatus
from pcloud.screen.format import clean
from pcloud.spec.problems import did_you_mean

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
CANDIDATES = 20  # targets of one name that are told: more are no help
PARTS = ("DEPLOYABLE", "ASSEMBLY", "RESOURCE")


@dataclass(frozen=True, slots=True)
class Target:
    """What a command is about; the parts that are not given are empty."""

    deployable: str
    assembly: str = ""
    resource: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.deployable, self.assembly, self.resource) if part)


def target(text: str, *, least: int = 1, most: int = 3) -> Target:
    """The target that ``text`` names, of ``least`` to ``most`` parts; a usage error otherwise."""
    parts = text.split("/")
    if not least <= len(parts) <= most or not all(parts):
        raise typer.BadParameter(f'"{clean(text)}" is not {_form(least, most)}')
    for part in parts:
        if not NAME.fullmatch(part):
            raise typer.BadParameter(f'"{clean(part)}" cannot be a name: those are lower-case letters, digits and inner hyphens')
    return Target(*parts)


class AmbiguousNameError(PcloudError):
    """A name that several targets have."""

    exit_code = 2  # interface.md: usage


def resolved(client: Client, text: str) -> Target:
    """The target that ``text`` names in full, or by a name that nothing else has: of a deployable, else of an assembly or a resource."""
    sought = target(text)
    found = [] if sought.assembly else [each.target for each in client.targets(name=text, limit=CANDIDATES)]
    if not found or text in found:  # what is not there any more has events still
        return sought
    if len(found) > 1:
        raise AmbiguousNameError(f"{text} is the name of {len(found)} targets", f"say which: {', '.join(found)}")
    return target(found[0])


def _form(least: int, most: int) -> str:
    optional = "".join(f"[/{part}" for part in PARTS[least:most]) + "]" * (most - least)
    return "/".join(PARTS[:least]) + optional


@contextlib.contextmanager
def suggesting(client: Client, sought: Target) -> Iterator[None]:
    """Add the nearest known name to a NotFoundError of what is done inside."""
    try:
        yield
    except NotFoundError as error:
        if error.cure:
            raise
        deployables = [one.name for one in client.list_deployables()]
        if sought.deployable in deployables:
            expect(client.status(sought.deployable), sought)
        none = "none is registered; `pcloud deployable create FILE` registers one"
        error.cure = did_you_mean(sought.deployable, deployables, "known deployables") if deployables else none
        raise


def expect(status: DeployableStatus, sought: Target) -> None:
    """NotFoundError, with the nearest known name, unless the deployable has such a target."""
    assemblies = {one.name: one for one in status.assemblies}
    if not sought.assembly:
        return
    if sought.assembly not in assemblies:
        cure = did_you_mean(sought.assembly, list(assemblies), "its assemblies")
        raise NotFoundError(f"{sought.deployable} has no assembly {sought.assembly}", cure)
    resources = [one.name for one in assemblies[sought.assembly].resources]
    if sought.resource and sought.resource not in resources:
        cure = did_you_mean(sought.resource, resources, "its resources")
        raise NotFoundError(f"{sought.deployable}/{sought.assembly} has no resource {sought.resource}", cure)

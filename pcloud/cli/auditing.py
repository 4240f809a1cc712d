"""``pcloud infrastructure audit``: what carries our tags and belongs to nothing, and its deletion.

Rules: what is deleted was shown before, one by one, and a yes was given for each kind; volumes hold data, and are asked for only where
``--volumes`` says so. An infrastructure that cannot be asked does not keep the others from being audited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from pcloud.cli.asking import expect_yes
from pcloud.cli.completing import infrastructures
from pcloud.cli.connecting import connected
from pcloud.cli.operating import OwnerOption, whoami
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.client import Client
from pcloud.errors import NoDaemonError, PcloudError
from pcloud.model.words import Belonging
from pcloud.records.auditing import AuditFinding, CleanRequest, InfrastructureAudit, ThingKind
from pcloud.screen.auditing import audit_lines, counted
from pcloud.screen.console import Screen
from pcloud.screen.format import clean as cleaned

FOUND = 1  # exit code: something is found, as diff and grep have it

NameArgument = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="This one only; else all.", show_default=False, autocompletion=infrastructures)
]


def audit(
    name: NameArgument = None,
    clean: Annotated[bool, typer.Option("--clean", help="Switch stray instances off and delete them, after a yes.")] = False,
    volumes: Annotated[bool, typer.Option("--volumes", help="With --clean: delete stray volumes too, with all data on them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    owner: OwnerOption = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Look for strays: instances, volumes, ports, floating addresses with our tags that belong to nothing. Exit code 0: clean, 1: found.

    What another controller has is told and is no finding; what is of a higher generation than ours is one. Neither is ever touched.
    """
    if volumes and not clean:
        raise typer.BadParameter("--volumes is about what --clean deletes; without it nothing is")
    screen, form = Screen(), chosen(output, json)
    with connected() as client:
        found, refusals = _audited(client, [name] if name is not None else [each.name for each in client.list_infrastructures()])
        if clean:
            found = [_cleaned(client, each, volumes=volumes, yes=yes, owner=owner or whoami()) for each in found]
    body = found[0] if name is not None and found else found
    if found or not refusals:
        emit(screen, form, body, lambda: audit_lines(found, screen.width))
    if refusals:
        raise refusals[0]
    if not all(each.clean for each in found):
        raise typer.Exit(FOUND)


def _audited(client: Client, names: Sequence[str]) -> tuple[list[InfrastructureAudit], list[PcloudError]]:
    """Each of them, and what those said that could not be asked."""
    found: list[InfrastructureAudit] = []
    refusals: list[PcloudError] = []
    for name in names:
        try:
            found.append(client.audit_infrastructure(name))
        except NoDaemonError:
            raise
        except PcloudError as error:
            refusals.append(error)
    return found, refusals


def _cleaned(client: Client, audit: InfrastructureAudit, *, volumes: bool, yes: bool, owner: str) -> InfrastructureAudit:
    """Delete what strays there, and what is found then."""
    instances, disks = strays(audit, ThingKind.INSTANCE), strays(audit, ThingKind.VOLUME) if volumes else []
    addresses, ports = strays(audit, ThingKind.ADDRESS), strays(audit, ThingKind.PORT)
    if not yes:
        _ask(audit.name, "Switch off and delete", instances, "an instance that is deleted does not come back")
        for each in (addresses, ports):
            _ask(audit.name, "Delete", each, "its address may be another's then")
        _ask(audit.name, "Delete", disks, "all data on it is lost")
    named = {
        "instances": [each.id for each in instances],
        "volumes": [each.id for each in disks],
        "ports": [each.id for each in (*addresses, *ports)],  # a floating address first: it hangs on its port
    }
    if not any(named.values()):
        return audit
    request = CleanRequest(owner=owner, **named)
    return client.clean_infrastructure(audit.name, request)


def strays(audit: InfrastructureAudit, kind: ThingKind) -> list[AuditFinding]:
    """Those of one kind."""
    return [each for each in audit.found if each.kind is kind and each.belonging is Belonging.STRAY]


def _ask(name: str, what: str, things: Sequence[AuditFinding], so: str) -> None:
    if not things:
        return
    number = counted(len(things), f"stray {things[0].kind}")
    listed = ", ".join(cleaned(f"{each.id} ({each.whose})") for each in things)
    expect_yes(
        f"{what} {number} at {cleaned(name)}: {listed}? ({so})",
        without=f"{number} at {cleaned(name)} would be deleted, and that only with a yes",
        otherwise=f"nothing is deleted at {cleaned(name)}",
    )

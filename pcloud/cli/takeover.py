"""``pcloud takeover``: somebody answers for it that this controller is the one, and may act again.

Rules: what it ends is said, and a yes is asked for, before anything is told; without a target it is every deployable that is only observed.
What is frozen, because somebody else has gone on with it, must be named: that is another question for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.completing import deployables
from pcloud.cli.connecting import connected
from pcloud.cli.operating import OwnerOption, ReasonOption, whoami
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import Target, suggesting, target
from pcloud.client import Client
from pcloud.errors import NoDaemonError, NotFoundError, PcloudError, RefusedError
from pcloud.records.operating import TakeoverRequest
from pcloud.records.status import DeployableStatus
from pcloud.screen.console import Screen
from pcloud.screen.format import clean
from pcloud.screen.status import doubt_lines

DeployableArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[DEPLOYABLE]",
        help="This one only; else all that are only observed.",
        show_default=False,
        autocompletion=deployables,
    ),
]


def takeover(
    target: DeployableArgument = None,
    reason: ReasonOption = "",
    owner: OwnerOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Answer for this controller, which only observes: it acts again, on what is seen from now on.

    It only observes after it has died again and again, and where its store was moved or restored. What another controller has gone on with
    is frozen; that ends as well, where the deployable is named.
    """
    screen, word = Screen(), TakeoverRequest(owner=owner or whoami(), reason=reason)
    with connected() as client:
        statuses = [_named(client, target)] if target is not None else _observed(client)
        if not statuses:
            emit(screen, chosen(output, json), [], lambda: [Text("nothing is only observed: there is nothing to take over")])
            return
        _confirm(statuses, yes=yes)
        taken, refusals = _told(client, [status.name for status in statuses], word)
    said = [Text(clean(f"{status.name} is taken over; see `pcloud events -f {status.name}`")) for status in taken]
    emit(screen, chosen(output, json), taken[0] if target is not None and taken else taken, lambda: said)
    if refusals:
        raise refusals[0]


def _named(client: Client, word: str) -> DeployableStatus:
    sought = target(word)
    if sought.assembly:
        raise RefusedError(f"{sought} is a part, and only whole deployables can be taken over", f"name {sought.deployable}")
    with suggesting(client, sought):
        status = client.status(sought.deployable)
    if not (status.observing or status.stale):
        raise RefusedError(f"{status.name} is neither frozen nor only observed: there is nothing to take over")
    return status


def _observed(client: Client) -> list[DeployableStatus]:
    """All that are only observed; those that are frozen as well are said to be left out."""
    found, notes = [], Screen(stderr=True)
    for one in client.list_deployables():
        if one.observing:
            status = client.status(one.name)
            if status.stale:
                notes.say(clean(f"{one.name} is left out, it is frozen as well: {status.stale}; pcloud takeover {one.name} takes it over"))
            else:
                found.append(status)
    return found


def _confirm(statuses: Sequence[DeployableStatus], *, yes: bool) -> None:
    if yes:
        return
    screen = Screen(stderr=True)
    names = ", ".join(status.name for status in statuses)
    if not screen.is_terminal:
        raise RefusedError(f"{names} {'is' if len(statuses) == 1 else 'are'} taken over only with a yes", "add --yes")
    for status in statuses:
        screen.say_all(doubt_lines(status))
    if not typer.confirm(f"May this controller act on {names} again, as the only one?", err=True):
        raise RefusedError(f"{names} {'is' if len(statuses) == 1 else 'are'} left as {'it is' if len(statuses) == 1 else 'they are'}")


def _told(client: Client, names: Sequence[str], word: TakeoverRequest) -> tuple[list[DeployableStatus], list[PcloudError]]:
    """Tell each of them; one that refuses does not keep the others from being told."""
    taken: list[DeployableStatus] = []
    refusals: list[PcloudError] = []
    for name in names:
        try:
            with suggesting(client, Target(name)):
                taken.append(client.takeover(name, word))
        except NoDaemonError:
            raise
        except NotFoundError:
            if len(names) == 1:
                raise
        except PcloudError as error:
            refusals.append(error)
    return taken, refusals

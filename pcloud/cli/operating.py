"""``pcloud pause``, ``resume``, ``maintenance``, ``approve``, ``deny``, ``retry``, ``cleanup``: what operators say of recoveries.

Rules: whoever runs the command is named, through sudo as well; without a target all deployables are meant, and one that refuses does not
keep the others from being told.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.completing import targets
from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import Target, suggesting, target
from pcloud.client import Client
from pcloud.errors import NoDaemonError, NotFoundError, PcloudError, RefusedError
from pcloud.records.operating import PAUSE_DEFAULT, PAUSE_LONGEST, AnswerRequest, PauseRequest, ResumeRequest, TargetRequest
from pcloud.records.status import DeployableStatus
from pcloud.screen.console import Screen
from pcloud.screen.format import clean
from pcloud.screen.status import pause_line
from pcloud.spec.units import DURATION_HINT, duration, duration_text

Ask = Callable[[Client, Target], DeployableStatus]


def whoami() -> str:
    """Who sits at the keyboard: the one who became somebody else by sudo, else the user that we run as."""
    sudoer = os.environ.get("SUDO_USER", "")
    if sudoer:
        return sudoer
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _length(word: str) -> float:
    longest = duration_text(PAUSE_LONGEST)
    try:
        seconds = duration(word)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; {DURATION_HINT}, at most {longest}") from error
    if not 0 < seconds <= PAUSE_LONGEST:
        raise typer.BadParameter(f"a pause lasts longer than 0s and at most {longest}; what shall rest for longer can be stopped")
    return seconds


SomeArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[DEPLOYABLE[/ASSEMBLY]]",
        help="Of this one only; else of all deployables.",
        show_default=False,
        autocompletion=targets(1, 2),
    ),
]
PartArgument = Annotated[
    str,
    typer.Argument(metavar="DEPLOYABLE[/ASSEMBLY]", help="The deployable, or one assembly of it.", autocompletion=targets(1, 2)),
]
TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="DEPLOYABLE[/ASSEMBLY[/RESOURCE]]",
        help="The target; an assembly takes in its resources.",
        autocompletion=targets(1, 3),
    ),
]
FOR_HELP = f"How long; {duration_text(PAUSE_DEFAULT)}, if it is not said."
ForOption = Annotated[float, typer.Option("--for", parser=_length, metavar="DURATION", help=FOR_HELP, show_default=False)]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the others.", show_default=False)]
OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="NAME", help="Who says it; you, if it is not said.", show_default=False)
]
DEFAULT_LENGTH = duration_text(PAUSE_DEFAULT)  # as a word: the option's parser reads it


def pause(
    target: SomeArgument = None,
    length: ForOption = DEFAULT_LENGTH,  # type: ignore[assignment]
    reason: ReasonOption = "",
    owner: OwnerOption = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Let nothing be recovered by itself for a while. Everything is still watched; commands by hand still work."""

    def ask(client: Client, sought: Target) -> DeployableStatus:
        word = PauseRequest(owner=owner or whoami(), assembly=sought.assembly, reason=reason, seconds=length)
        return client.pause(sought.deployable, word)

    _pausing(target, ask, chosen(output, json))


def maintenance(
    target: PartArgument,
    length: ForOption = DEFAULT_LENGTH,  # type: ignore[assignment]
    reason: ReasonOption = "",
    owner: OwnerOption = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Pause it with all that depends on it, for work on it that the others will notice."""

    def ask(client: Client, sought: Target) -> DeployableStatus:
        word = PauseRequest(owner=owner or whoami(), assembly=sought.assembly, reason=reason, seconds=length, maintenance=True)
        return client.pause(sought.deployable, word)

    _pausing(target, ask, chosen(output, json))


def resume(target: SomeArgument = None, owner: OwnerOption = None, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """End pauses and maintenance before their time."""

    def ask(client: Client, sought: Target) -> DeployableStatus:
        return client.resume(sought.deployable, ResumeRequest(owner=owner or whoami(), assembly=sought.assembly))

    _pausing(target, ask, chosen(output, json))


def approve(target: TargetArgument, owner: OwnerOption = None, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Say yes to the recovery that waits for it (mode approve); the evidence is looked at again before it begins."""

    def ask(client: Client, sought: Target) -> DeployableStatus:
        word = AnswerRequest(owner=owner or whoami(), assembly=sought.assembly, resource=sought.resource)
        return client.approve(sought.deployable, word)

    _saying(target, "approved", ask, chosen(output, json))


def deny(
    target: TargetArgument,
    reason: ReasonOption = "",
    owner: OwnerOption = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Say no to the recovery that waits for a yes (mode approve)."""

    def ask(client: Client, sought: Target) -> DeployableStatus:
        word = AnswerRequest(owner=owner or whoami(), assembly=sought.assembly, resource=sought.resource, reason=reason)
        return client.deny(sought.deployable, word)

    _saying(target, "denied", ask, chosen(output, json))


def retry(target: TargetArgument, owner: OwnerOption = None, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Begin again with what is exhausted, blocked or denied, from the lowest rung."""

    def ask(client: Client, sought: Target) -> DeployableStatus:
        return client.retry(sought.deployable, _word(sought, owner))

    _saying(target, "tried again", ask, chosen(output, json))


def cleanup(target: TargetArgument, owner: OwnerOption = None, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Forget what is counted and remembered against it (failures, blocks, exhaustion), and look at it anew."""

    def ask(client: Client, sought: Target) -> DeployableStatus:
        return client.cleanup(sought.deployable, _word(sought, owner))

    _saying(target, "cleaned up", ask, chosen(output, json))


def _word(sought: Target, owner: str | None) -> TargetRequest:
    return TargetRequest(owner=owner or whoami(), assembly=sought.assembly, resource=sought.resource)


def _saying(word: str, done: str, ask: Ask, output: Output) -> None:
    """Say something of one target."""
    sought, screen = target(word), Screen()
    with connected() as client, suggesting(client, sought):
        status = ask(client, sought)
    if output is Output.TABLE:
        screen.say(f"{sought} is {done}; see `pcloud events -f {sought.deployable}`")
    else:
        emit(screen, output, status, list)


def _pausing(word: str | None, ask: Ask, output: Output) -> None:
    """Begin or end pauses of one target, or of every deployable."""
    screen = Screen()
    with connected() as client:
        if word is None:
            _every(client, ask, screen, output)
            return
        sought = _pausable(word)
        with suggesting(client, sought):
            status = ask(client, sought)
    emit(screen, output, status, lambda: _pauses_of(status))


def _pausable(word: str) -> Target:
    sought = target(word)
    if sought.resource:
        cure = f"name its assembly: {sought.deployable}/{sought.assembly}"
        raise RefusedError(f"{sought} is a resource, and only whole assemblies can be paused", cure)
    return sought


def _every(client: Client, ask: Ask, screen: Screen, output: Output) -> None:
    """Tell all deployables; the first refusal is raised when all are told."""
    told: list[DeployableStatus] = []
    refusals: list[PcloudError] = []
    for one in client.list_deployables():
        try:
            told.append(ask(client, Target(one.name)))
        except NoDaemonError:
            raise
        except NotFoundError:
            continue  # deleted meanwhile
        except PcloudError as error:
            refusals.append(error)
    nothing = [] if refusals else [Text("no deployable is registered")]
    emit(screen, output, told, lambda: [line for status in told for line in _pauses_of(status)] or nothing)
    if refusals:
        raise refusals[0]


def _pauses_of(status: DeployableStatus) -> list[Text]:
    now = datetime.now(UTC)
    return [pause_line(status.name, pause, now) for pause in status.pauses] or [Text(clean(f"{status.name} is not paused"))]

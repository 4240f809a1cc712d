"""``pcloud assembly adopt``: an existing machine comes under care without a rebuild.

Rules: what is shown is what is adopted; a host key that nobody vouches for, and an instance that would be taken for dead, need a yes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from pcloud.cli.asking import expect_yes
from pcloud.cli.completing import targets
from pcloud.cli.connecting import connected
from pcloud.cli.operating import OwnerOption, whoami
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import Target, suggesting, target
from pcloud.records.adopting import LONGEST_ID, LONGEST_KEY, Adoption, AdoptRequest
from pcloud.records.status import DeployableStatus
from pcloud.screen.console import Screen
from pcloud.screen.format import clean
from pcloud.screen.status import status_lines


def _bounded(what: str, most: int) -> Callable[[str], str]:
    """Takes a word that is there, and not too long to be one."""

    def take(word: str) -> str:
        if not 0 < len(word) <= most:
            raise typer.BadParameter(f"{what} has 1 to {most} characters")
        return word

    return take


AssemblyArgument = Annotated[str, typer.Argument(metavar="DEPLOYABLE/ASSEMBLY", help="The assembly.", autocompletion=targets(2, 2))]
InstanceOption = Annotated[
    str,
    typer.Option("--instance", parser=_bounded("an id", LONGEST_ID), metavar="ID", help="The machine, by its id at the infrastructure."),
]
HostKeyOption = Annotated[
    str | None,
    typer.Option(
        "--host-key",
        parser=_bounded("a host key", LONGEST_KEY),
        metavar="KEY",
        help="Its SSH host key: the line 'ssh-ed25519 AAAA...'.",
        show_default=False,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before an old instance is taken for dead.")]

VOUCHED = {
    "you": "as you say",
    "console": "as its console says",
    "offered": "it says so itself, nobody else does",
}


def adopt(
    assembly: AssemblyArgument,
    instance: InstanceOption,
    host_key: HostKeyOption = None,
    owner: OwnerOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Take a machine under care that is there already, as it stands: nothing on it is changed, and it is never replaced or destroyed."""
    sought, screen, form = target(assembly, least=2, most=2), Screen(), chosen(output, json)
    with connected() as client, suggesting(client, sought):
        request = AdoptRequest(owner=owner or whoami(), instance=instance, host_key=host_key or "")
        found = client.look_at(sought.deployable, sought.assembly, request)
        show(Screen(stderr=form is not Output.TABLE), found)
        agree(found, yes=yes)
        status = client.adopt(sought.deployable, sought.assembly, request.model_copy(update={"host_key": found.host_key}))
    if form is Output.TABLE:
        screen.say(following(sought, status))
    else:
        emit(screen, form, status, lambda: status_lines(status, datetime.now(UTC), screen.width))


def show(screen: Screen, found: Adoption) -> None:
    """What would be adopted."""
    screen.say(clean(f"{found.instance} at {found.infrastructure}: {found.user}@{found.address} port {found.port}"))
    screen.say(clean(f"host key {found.fingerprint}, {VOUCHED[found.key_source]}"))
    if found.replaces:
        screen.say(clean(f"{found.replaces} was never seen to end: whoever goes on says that it is dead"))


def agree(found: Adoption, *, yes: bool) -> None:
    """RefusedError without a yes where one is needed; --yes does not say that a key is the right one, --host-key does."""
    if found.key_source == "offered":
        expect_yes(
            f"Is {found.fingerprint} the host key of {found.instance}?",
            without=f"nobody vouches for the host key of {found.instance}: it offers {found.fingerprint}",
            otherwise=f"{found.instance} is left alone",
            cure=f"compare it with the machine's own, then add --host-key '{found.host_key}'",
        )
    if found.replaces and not yes:
        expect_yes(
            f"Is {found.replaces} dead?",
            without=f"{found.replaces} is taken for dead only with a yes",
            otherwise=f"{found.instance} is left alone",
        )


def following(sought: Target, status: DeployableStatus) -> str:
    """What comes of it now."""
    if status.desired != "stopped":
        return f"{sought} is under care; see `pcloud deployable status {sought.deployable}`"
    without = ", ".join(each.name for each in status.assemblies if each.instance is None)
    return f"{sought} is adopted; {without} has no machine: adopt one as well, or `pcloud deployable start {sought.deployable}` launches it"

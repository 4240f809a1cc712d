"""``pcloud assembly confirm-dead``: somebody answers for it that an instance is dead.

Rules: why it is waited for is said, and a yes is asked for: two machines that write to one volume destroy what is on it. The daemon refuses
what nothing waits for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from pcloud.cli.asking import expect_yes
from pcloud.cli.completing import targets
from pcloud.cli.connecting import connected
from pcloud.cli.operating import OwnerOption, ReasonOption, whoami
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import expect, suggesting, target
from pcloud.records.operating import ConfirmRequest
from pcloud.screen.console import Screen
from pcloud.screen.format import clean
from pcloud.screen.status import status_lines


def confirm_dead(
    assembly: Annotated[str, typer.Argument(metavar="DEPLOYABLE/ASSEMBLY", help="The assembly.", autocompletion=targets(2, 2))],
    reason: ReasonOption = "",
    owner: OwnerOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Answer for it that the instance of an assembly is dead and writes to nothing any more: it is replaced then.

    It is waited for where an assembly is blocked by its fence: its instance is gone without our doing, and may live on somewhere."""
    sought, screen = target(assembly, least=2, most=2), Screen()
    word = ConfirmRequest(owner=owner or whoami(), assembly=sought.assembly, reason=reason)
    with connected() as client, suggesting(client, sought):
        status = client.status(sought.deployable)
        expect(status, sought)
        found = next(each for each in status.assemblies if each.name == sought.assembly)
        if found.state == "blocked" and not yes:
            expect_yes(
                f"{sought} is blocked: {clean(found.reason)}\nIs it dead, so that a new one may write to its volumes?",
                without=f"that the instance of {sought} is dead is believed only with a yes",
                otherwise=f"{sought} is left as it is",
            )
        status = client.confirm_dead(sought.deployable, word)
    if chosen(output, json) is Output.TABLE:
        screen.say(f"{sought} is relaunched; see `pcloud events -f {sought.deployable}`")
    else:
        emit(screen, chosen(output, json), status, lambda: status_lines(status, datetime.now(UTC), screen.width))

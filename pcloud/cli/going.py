"""Waits for a deployable that was told to start or stop, and says how it ended.

Rules: Ctrl-C ends the waiting only, exit code 0; exit code 5 for what waits for somebody, 7 for what took too long.
"""

from __future__ import annotations

import typer

from pcloud.cli.options import Output
from pcloud.cli.output import emit
from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.model.words import Desired
from pcloud.records.status import DeployableStatus
from pcloud.screen.console import Screen
from pcloud.screen.progress import Course, Outcome, follow, stuck_reasons


class UnhealthyError(PcloudError):
    """It is not healthy, and will not become so by itself."""

    exit_code = 5


def go(
    client: Client, status: DeployableStatus, goal: Desired, timeout: float | None, output: Output, *, wait: bool, told: bool = True
) -> None:
    """Follow the deployable to ``goal`` and write how it stands then; UnhealthyError if it will not get there by itself.

    ``told`` False: programs have got their answer already.
    """
    screen = Screen()
    reached = Outcome.GOING
    if wait:
        course = Course(lambda: client.status(status.name), goal, timeout)
        try:
            reached, status = follow(course, screen, silent=output is not Output.TABLE)
        except KeyboardInterrupt as interrupt:
            _detached(status.name)
            raise typer.Exit(0) from interrupt
    if output is not Output.TABLE:
        if told:
            emit(screen, output, status, list)
    elif reached is not Outcome.STUCK:
        screen.say(f"{status.name} is {status.state}" if reached is Outcome.REACHED else _background(status.name))
    if reached is Outcome.STUCK:
        raise UnhealthyError("; ".join(stuck_reasons(status)) or f"{status.name} was told otherwise meanwhile", _look(status.name))


def _detached(name: str) -> None:
    Screen(stderr=True).say(_background(name))


def _background(name: str) -> str:
    return f"{name} goes on in the background; {_look(name)}"


def _look(name: str) -> str:
    return f"see `pcloud deployable status {name}` and `pcloud events {name}`"

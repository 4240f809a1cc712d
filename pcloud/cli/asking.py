"""Questions on the terminal before something is done that cannot be undone.

Rules: only a yes is a yes; Ctrl-C, Ctrl-D and an empty line are a no; where nobody sits there is no question, and ``--yes`` is asked for.
"""

from __future__ import annotations

import sys

import typer

from pcloud.errors import RefusedError
from pcloud.screen.console import Screen


def expect_yes(question: str, *, without: str, otherwise: str, cure: str = "add --yes") -> None:
    """RefusedError without a yes: it says ``without`` and the ``cure`` where nobody can be asked, ``otherwise`` after a no."""
    terminal = Screen(stderr=True)
    if not (terminal.is_terminal and sys.stdin is not None and sys.stdin.isatty()):
        raise RefusedError(without, cure)
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        terminal.say()  # the line of the question has no end yet
        agreed = False
    if not agreed:
        raise RefusedError(otherwise)

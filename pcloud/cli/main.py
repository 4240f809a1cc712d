"""The entry of ``pcloud``: puts the nouns together, and turns every end into an exit code.

Rules: our errors are one sentence and a cure on standard error, never a traceback; anything else is a bug, which says how to get its
traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.completion import completion_init  # type: ignore[attr-defined]  # not named as exported, and there is no other way

from pcloud import __version__
from pcloud.cli import (
    assembly,
    backup,
    completion,
    demo,
    deployable,
    events,
    explain,
    image,
    infrastructure,
    operating,
    replay,
    resource,
    restore,
    schema,
    simulate,
    status,
    takeover,
    top,
)
from pcloud.errors import PcloudError
from pcloud.screen.console import Screen, speak_any_encoding
from pcloud.screen.format import printable
from pcloud.spec.problems import SpecError

DEBUG = "PCLOUD_DEBUG"
FAILED = 1

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused, 5 unhealthy, 6 no daemon, 7 timed out."

# Plain help instead of boxes: it reads well at 60 columns and in a pipe.
app = typer.Typer(name="pcloud", add_completion=False, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(deployable.app, name="deployable")
app.add_typer(assembly.app, name="assembly")
app.add_typer(resource.app, name="resource")
app.add_typer(infrastructure.app, name="infrastructure")
app.add_typer(image.app, name="image")
app.command("status", epilog="Example: pcloud status --watch")(status.status)
app.command("top", epilog="Example: pcloud top --once")(top.top)
app.command("events", epilog="Example: pcloud events -f wordpress/mysql")(events.events)
app.command("simulate", epilog="Example: pcloud simulate wordpress.yaml trace.txt --set recovery.restart.failures=5")(simulate.simulate)
app.command("explain", epilog="Example: pcloud explain wordpress/mysql --last 3")(explain.explain)
app.command("replay", epilog="Example: pcloud replay wordpress --set recovery.restart.failures=5")(replay.replay)
app.command("pause", epilog="Example: pcloud pause wordpress/mysql --for 2h --reason 'new disks'")(operating.pause)
app.command("resume", epilog="Example: pcloud resume wordpress/mysql")(operating.resume)
app.command("maintenance", epilog="Example: pcloud maintenance wordpress/mysql --for 30m")(operating.maintenance)
app.command("approve", epilog="Example: pcloud approve wordpress/mysql")(operating.approve)
app.command("deny", epilog="Example: pcloud deny wordpress/mysql --reason 'not before midnight'")(operating.deny)
app.command("retry", epilog="Example: pcloud retry wordpress/mysql")(operating.retry)
app.command("cleanup", epilog="Example: pcloud cleanup wordpress/mysql/mysqld")(operating.cleanup)
app.command("schema", epilog="Example: pcloud schema > pcloud.schema.json")(schema.schema)
app.command("completion", epilog="Example: pcloud completion fish > ~/.config/fish/completions/pcloud.fish")(completion.completion)
app.command("takeover", epilog="Example: pcloud takeover wordpress --reason 'the old host is switched off'")(takeover.takeover)
app.command("backup", epilog="Example: pcloud backup /var/backups/pcloud.db")(backup.backup)
app.command("restore", epilog="Example: pcloud restore /var/backups/pcloud.db")(restore.restore)
app.command("demo", epilog="Example: pcloud demo --keep")(demo.demo)


def _show_version(asked: bool) -> None:
    if asked:
        Screen().raw(f"pcloud {__version__}")
        raise typer.Exit


@app.callback(epilog=EXIT_CODES)
def root(
    _version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")] = False,
) -> None:
    """High availability for applications made of several machines."""


def run(arguments: Sequence[str]) -> int:
    """What ``pcloud ARGUMENTS`` does; its exit code."""
    try:
        app(list(arguments), prog_name="pcloud")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except PcloudError as error:
        _explain(error)
        return error.exit_code
    except Exception as error:  # the last place where a bug can be told to people
        if os.environ.get(DEBUG):
            raise
        Screen(stderr=True).say(f"error: a bug in pcloud: {type(error).__name__}: {error}; set {DEBUG}=1 to see its traceback")
        return FAILED
    return 0


def _explain(error: PcloudError) -> None:
    screen = Screen(stderr=True)
    # A spec's problems are lines of their own, which editors read.
    screen.say(printable(str(error) if isinstance(error, SpecError) else f"error: {error}"))
    if error.cure:
        screen.say(printable(f"  {error.cure}"))


def main() -> None:
    """Be the command; what is still buffered is written before the end, where a reader who has left can be told from a bug."""
    speak_any_encoding()
    if completion.ASKED in os.environ:
        completion_init()  # Typer does it only where it adds its own options for it
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        Screen().on_broken_pipe()
    sys.exit(code)

"""``pcloud-cped``: the controller as one process in the foreground.

Rules: SIGTERM and SIGINT end it and leave every machine as it is; a second daemon on the same state is refused; what stops it from starting
is one sentence on stderr and an exit code.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from cpe.daemon import logs
from cpe.daemon.house import Places
from cpe.daemon.running import run
from pcloud import __version__, places
from pcloud.errors import PcloudError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="pcloud-cped", description="The pcloud controller, in the foreground.")
    made.add_argument("--config", type=Path, default=None, metavar="FILE", help="configuration file (default: the first that exists)")
    made.add_argument("--state", type=Path, default=None, metavar="DIRECTORY", help="where the state is kept")
    made.add_argument("--socket", type=Path, default=None, metavar="PATH", help="the API's Unix socket")
    made.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info", help="what is logged (default: info)")
    made.add_argument("--version", action="version", version=f"pcloud-cped {__version__}")
    return made


def main(argv: Sequence[str] | None = None) -> None:
    """Run until a signal ends it; exits with 0 then, with another code when it cannot run."""
    given = parser().parse_args(argv)
    logs.configure(given.log_level)
    try:
        asyncio.run(run(places_of(given)))
    except PcloudError as error:
        print(f"pcloud-cped: {error}{f'; {error.cure}' if error.cure else ''}", file=sys.stderr)  # noqa: T201 - its last word
        sys.exit(error.exit_code)


def places_of(given: argparse.Namespace) -> Places:
    """Where everything is. The state's place is told to others, in whatever directory they are: ``assembly ssh`` finds its key there."""
    return Places(
        config=given.config,
        state=(given.state if given.state is not None else places.state_directory()).absolute(),
        socket=given.socket if given.socket is not None else places.socket_path(),
    )


if __name__ == "__main__":
    main()

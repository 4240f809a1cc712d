"""The commands' entry: loads the rest, and ends quietly when interrupted meanwhile (it takes a second on a slow machine)."""

import sys


def main() -> None:
    """Be ``pcloud``."""
    try:
        from pcloud.cli.main import main as run  # noqa: PLC0415 - not before an interrupt is looked out for

        run()
    except KeyboardInterrupt:
        sys.exit(130)

"""``pcloud deployable show``: a spec as it is registered, and what it comes to.

Rules: a registered one is judged by its daemon, with its configuration; a file is judged here, with the configuration at its usual place.
"""

from __future__ import annotations

from rich.text import Text

from pcloud.cli.connecting import connected
from pcloud.cli.options import Output
from pcloud.cli.output import emit
from pcloud.cli.targets import suggesting, target
from pcloud.client.spec_files import read_spec
from pcloud.records.requests import SpecInForce
from pcloud.records.specs import EffectiveSettings
from pcloud.screen.console import Screen
from pcloud.screen.settings import effective_lines


def show_registered(name: str, output: Output, *, effective: bool) -> None:
    """Of a deployable that the daemon knows."""
    with connected() as client, suggesting(client, target(name, most=1)):
        if effective:
            _show_effective(client.effective(name), output)
        else:
            _show_spec(client.spec(name), output)


def show_file(file: str, output: Output, *, effective: bool) -> None:
    """Of a file, without a daemon; SpecError where it is wrong."""
    from cpe.shell.config import read_settings  # noqa: PLC0415 - what reads specs is slow to load, and needed for files only
    from cpe.shell.specs import effective_settings  # noqa: PLC0415

    upload = read_spec(file)
    defaults = read_settings(None).defaults
    found = effective_settings(upload, defaults)
    if effective:
        _show_effective(found, output)
    else:
        infrastructures = {name: keys.written() for name, keys in defaults.infrastructures.items()}
        _show_spec(SpecInForce(upload=upload, recovery=defaults.system.written(), infrastructures=infrastructures), output)


def _show_effective(found: EffectiveSettings, output: Output) -> None:
    screen = Screen()
    emit(screen, output, found, lambda: effective_lines(found, screen.width))


def _show_spec(found: SpecInForce, output: Output) -> None:
    screen = Screen()
    if output is Output.TABLE:
        screen.raw(found.upload.source.rstrip("\n"))  # a spec that came from here: it can be sent again as it is
    else:
        emit(screen, output, found, lambda: [Text()])

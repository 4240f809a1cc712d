"""What the shell offers when somebody presses Tab: names that there are, asked of the daemon.

Rules: an answer within a moment or none; never a word on the screen and never an error, for a prompt is no place for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.places import socket_path
from pcloud.screen.format import clean

WITHIN = 1.0  # seconds: longer than that a Tab seems to hang
MOST = 200  # names: more are no help to anybody

Offer = tuple[str, str]
"""A word, and what it stands for, where the shell shows that."""

Completer = Callable[[str], list[Offer]]


def targets(least: int, most: int) -> Completer:
    """Targets of ``least`` to ``most`` parts. At most one part more than there is, so that a long list does not hide its beginning."""

    def offer(incomplete: str) -> list[Offer]:
        deepest = max(least, min(most, incomplete.count("/") + 2))
        found: list[Offer] = []
        for depth in range(max(least, incomplete.count("/") + 1), deepest + 1):
            found += asked(lambda client, depth=depth: _targets(client, incomplete, depth))  # type: ignore[misc]
        return found

    return offer


def _targets(client: Client, prefix: str, depth: int) -> list[Offer]:
    return [(each.target, clean(each.state)) for each in client.targets(prefix=prefix, depth=depth, limit=MOST)]


def deployables(incomplete: str) -> list[Offer]:
    """Names of deployables."""
    return targets(1, 1)(incomplete)


def deployables_and_specs(incomplete: str) -> list[Offer]:
    """Names of deployables, and YAML files and directories here."""
    return [*deployables(incomplete), *specs(incomplete)]


def specs(incomplete: str) -> list[Offer]:
    """YAML files, and directories."""
    return [(each, "") for each, _ in files(incomplete) if each.endswith(("/", ".yaml", ".yml"))]


def files(incomplete: str) -> list[Offer]:
    """Files, and directories with a slash at their end."""
    try:
        directory, slash, begin = incomplete.rpartition("/")
        here = sorted(Path(f"{directory}{slash}" or ".").iterdir())
        found = [each for each in here if each.name.startswith(begin) and (begin or not each.name.startswith("."))]
        return [(f"{directory}{slash}{each.name}{'/' if each.is_dir() else ''}", "") for each in found]
    except OSError:
        return []


def infrastructures(incomplete: str) -> list[Offer]:
    """Names of infrastructures, with their drivers."""
    return asked(lambda client: [(one.name, one.driver) for one in client.list_infrastructures() if one.name.startswith(incomplete)])


def asked(ask: Callable[[Client], Iterable[Offer]]) -> list[Offer]:
    """What the daemon answers; nothing if it does not, or not soon."""
    try:
        with Client(socket_path(), timeout=WITHIN) as client:
            return list(ask(client))
    except PcloudError:
        return []

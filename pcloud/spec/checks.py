"""Checks in their short forms, with their keys and rhythm.

Rules: a check's key says what is checked (``tcp:3306``, ``http:/wp-login.php``, ``command:1``) and is unique within its resource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pcloud.model.plan import Check, CommandCheck, HttpCheck, TcpCheck
from pcloud.model.words import Origin
from pcloud.spec.monitoring import rhythm
from pcloud.spec.schema import CheckKeys


def checks_of(checks: Sequence[CheckKeys], monitor: Sequence[object], files: Mapping[str, str] | None = None) -> tuple[Check, ...]:
    """The checks of one resource; ``monitor`` are the levels of its monitor, for those that do not say their own rhythm.

    ``files`` holds the certificates that they name; who does not ask for those may leave it out.
    """
    taken: dict[str, int] = {}
    return tuple(
        Check(
            key=_unique(_key(keys, taken), taken),
            what=_what(keys, files or {}),
            **{key: found.value for key, found in rhythm((*monitor, keys)).items()},
            fall=keys.fall,
            rise=keys.rise,
            origin=keys.origin or Origin.INSIDE,
        )
        for keys in checks
    )


def _what(keys: CheckKeys, files: Mapping[str, str]) -> TcpCheck | HttpCheck | CommandCheck:
    if keys.tcp is not None:
        return TcpCheck(keys.tcp)
    if keys.http is not None:
        return HttpCheck(keys.http, keys.status or 200, keys.contains or "", files.get(keys.certificate or "", ""))
    return CommandCheck(keys.command or "")


def _key(keys: CheckKeys, taken: dict[str, int]) -> str:
    if keys.tcp is not None:
        return f"tcp:{keys.tcp}"
    if keys.http is not None:
        return f"http:{urlsplit(re.sub(r'[$][{][^}]*[}]', 'reference', keys.http)).path or '/'}"
    commands = sum(key.startswith("command:") for key in taken)
    return f"command:{commands + 1}"


def _unique(key: str, taken: dict[str, int]) -> str:
    """The second of its kind is ``key#2``."""
    taken[key] = taken.get(key, 0) + 1
    return key if taken[key] == 1 else f"{key}#{taken[key]}"

"""Checks in their short forms, with their keys and rhythm.

Rules: a check's key says what is checked (``tcp:3306``, ``http:/wp-login.php``, ``command:1``) and is unique within its resource.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pcloud.model.plan import Check, CommandCheck, HttpCheck, TcpCheck
from pcloud.model.words import Origin
from pcloud.spec.schema import CheckKeys


def checks_of(checks: Sequence[CheckKeys], interval: float, timeout: float) -> tuple[Check, ...]:
    """The checks of one resource; ``interval`` and ``timeout`` are for those that do not say their own."""
    taken: dict[str, int] = {}
    return tuple(
        Check(
            key=_unique(_key(keys, taken), taken),
            what=_what(keys),
            interval=keys.interval or interval,
            timeout=keys.timeout or timeout,
            fall=keys.fall,
            rise=keys.rise,
            origin=keys.origin or Origin.INSIDE,
        )
        for keys in checks
    )


def _what(keys: CheckKeys) -> TcpCheck | HttpCheck | CommandCheck:
    if keys.tcp is not None:
        return TcpCheck(keys.tcp)
    if keys.http is not None:
        return HttpCheck(keys.http, keys.status or 200, keys.contains or "")
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

"""Values as text that any POSIX sh reads back.

Rules: pure; what is quoted here is never split, expanded or executed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def exports(environment: Mapping[str, str]) -> str:
    """Lines that give the rest of a text this environment. ValueError for a name that no shell takes."""
    for name in environment:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name for an environment variable: {name!r}")
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())

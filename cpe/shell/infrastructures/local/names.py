"""Ids of the embedded cloud, and where a path inside a machine lies on the host."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cpe.shell.infrastructures.local.refusals import ConflictError

ID_BYTES = 5
"""10 hex digits: unique enough for one host, and short, since a socket's path may have 107 characters in all."""


def new_id() -> str:
    return secrets.token_hex(ID_BYTES)


def path_below(root: Path, path: str) -> Path:
    """Where the machine's ``path`` lies on the host; ConflictError if that would be outside of the machine."""
    below = os.path.normpath(path.lstrip("/"))
    if below == ".." or below.startswith("../"):
        raise ConflictError(f"{path} is outside of the machine")
    return root / below

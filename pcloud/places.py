"""Where things are (interface.md, "Places").

Rules: pure look-ups of the environment; nothing is made or looked for. root has the system's places, anybody else their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The configuration file, which need not exist."""
    return Path("/etc/pcloud/pcloud.toml") if _root() else _home(environment, "XDG_CONFIG_HOME", ".config") / "pcloud.toml"


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """What the daemon keeps; ``PCLOUD_STATE`` wins."""
    if said := environment.get("PCLOUD_STATE"):
        return Path(said)
    return Path("/var/lib/pcloud-cped") if _root() else _home(environment, "XDG_STATE_HOME", ".local/state")


def image_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Where images are built and kept; ``PCLOUD_IMAGES`` wins. Only root builds any."""
    return Path(environment.get("PCLOUD_IMAGES") or "/var/lib/pcloud/images")


def socket_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the daemon listens; ``PCLOUD_SOCKET`` wins."""
    if said := environment.get("PCLOUD_SOCKET"):
        return Path(said)
    if _root():
        return Path("/run/pcloud/api.sock")
    # Without a login session there is no runtime directory; the state directory is as much the user's own.
    runtime = environment.get("XDG_RUNTIME_DIR")
    return Path(runtime, "pcloud", "api.sock") if runtime else state_directory(environment) / "api.sock"


def _root() -> bool:
    return os.geteuid() == 0


def _home(environment: Mapping[str, str], variable: str, otherwise: str) -> Path:
    said = environment.get(variable)
    return (Path(said) if said else Path.home() / otherwise) / "pcloud"

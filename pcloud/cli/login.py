"""Turns this process into an OpenSSH client that is logged in to an assembly.

Rules: exactly the host key that pcloud gave the machine is accepted; the user's own SSH configuration, keys and known hosts play no part;
nothing is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pcloud.errors import PcloudError, RefusedError
from pcloud.records.requests import SshTarget


def log_in(target: SshTarget, command: Sequence[str], *, terminal: bool = False) -> NoReturn:
    """Become ``ssh``; its exit code is ours. ``terminal``: a command gets one as well, as a shell does anyway."""
    program = shutil.which("ssh")
    if program is None:
        raise PcloudError("there is no ssh on this machine", "install the OpenSSH client")
    if not os.access(target.key, os.R_OK):
        raise RefusedError(f"the key {Path(target.key)} cannot be read", "become the user that the daemon runs as, on its host")
    os.execv(program, ssh_command(target, command, terminal=terminal))  # noqa: S606 - no shell is wanted: the words are ours


def ssh_command(target: SshTarget, command: Sequence[str], *, terminal: bool = False) -> list[str]:
    """The client's arguments. ``command`` is joined by the client and run by the login shell there, as always with ssh."""
    kind, key = target.host_key.split()[:2]
    options = {
        "StrictHostKeyChecking": "yes",
        # The one host key comes from a command: no file is needed, and none is left. %H is the name that ssh looks up.
        "KnownHostsCommand": f"{shutil.which('echo')} %H {kind} {key}",
        "UserKnownHostsFile": "none",
        "GlobalKnownHostsFile": "none",
        "CheckHostIP": "no",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
    }
    words = ["ssh", "-F", "none", "-i", target.key, "-p", str(target.port), "-l", target.user]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    return [*words, *(["-t"] if terminal else []), "--", target.address, *command]

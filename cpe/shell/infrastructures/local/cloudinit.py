"""What cloud-init would make of user data: the same multipart MIME document that a real cloud gets, read as far as a machine here can obey.

Rules: what is not understood is never an error, it is noted for the console; scripts run in cloud-init's order, shell scripts first.
"""

from __future__ import annotations

import base64
import gzip
import shlex
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

import yaml

from cpe.shell.infrastructures.unreadable import UNREADABLE

GZIP_MAGIC = b"\x1f\x8b"
DEFAULT_MODE = 0o644  # cloud-init's own
MODES = 0o7777
MOUNT = "pcloud-mount"
"""What a command calls itself that mounts a volume."""
USELESS_HERE = frozenset({"disable_root", "ssh_deletekeys", "ssh_genkeytypes", "merge_how", "merge_type"})
"""Keys that ask for what is so here anyway; nothing to note."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to write. ``path`` is absolute, as seen in the machine."""

    path: str
    content: bytes
    mode: int


@dataclass(slots=True)
class FirstBoot:
    """What the first boot has to do."""

    authorized_keys: list[str] = field(default_factory=list)
    host_private: str = ""
    host_public: str = ""
    files: list[File] = field(default_factory=list)
    scripts: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def first_boot(user_data: bytes) -> FirstBoot:
    """Read user data."""
    wanted = FirstBoot()
    commands: list[str] = []
    for kind, content in _parts(user_data, wanted.notes):
        if kind == "text/x-shellscript":
            wanted.scripts.append(content)
        elif kind == "text/cloud-config":
            _config(content, wanted, commands)
        else:
            wanted.notes.append(f"user data: a part of type {kind} is ignored here")
    if commands:
        wanted.scripts.append(("#!/bin/sh\n" + "\n".join(commands) + "\n").encode())
    return wanted


def _parts(user_data: bytes, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    if user_data.startswith(GZIP_MAGIC):
        try:
            user_data = gzip.decompress(user_data)
        except (OSError, EOFError, zlib.error) as error:
            notes.append(f"user data: cannot be unpacked: {error}")
            return
    message = message_from_bytes(user_data)
    if not message.is_multipart():
        if user_data.strip():
            yield _kind("text/plain", user_data), user_data
        return
    for part in message.walk():
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            yield _kind(part.get_content_type(), content), content


def _kind(declared: str, content: bytes) -> str:
    """Plain text is what its first line says."""
    if declared != "text/plain":
        return declared
    if content.startswith(b"#!"):
        return "text/x-shellscript"
    return "text/cloud-config" if content.startswith(b"#cloud-config") else declared


def _config(content: bytes, wanted: FirstBoot, commands: list[str]) -> None:
    try:
        config = yaml.safe_load(content)
    except UNREADABLE as error:
        wanted.notes.append(f"user data: cloud-config cannot be read: {error}")
        return
    if not isinstance(config, dict):
        wanted.notes.append("user data: cloud-config is not a mapping")
        return
    obey: dict[str, Callable[[Any], None]] = {
        "ssh_authorized_keys": lambda keys: wanted.authorized_keys.extend(map(str, keys)),
        "users": lambda users: _users(users, wanted),
        "ssh_keys": lambda keys: _host_keys(keys, wanted),
        "write_files": lambda files: wanted.files.extend(map(_file, files)),
        "bootcmd": lambda lines: _boot_commands(lines, wanted),
        "runcmd": lambda lines: commands.extend(map(_command, lines)),
    }
    for key, value in config.items():
        if key not in obey:
            if key not in USELESS_HERE:
                wanted.notes.append(f"user data: {key} is ignored here")
            continue
        try:
            obey[key](value)
        except (*UNREADABLE, OSError, EOFError, zlib.error) as error:
            wanted.notes.append(f"user data: {key} cannot be obeyed: {error!r}")


def _users(users: list[Any], wanted: FirstBoot) -> None:
    """Everybody who may log in may do so as the one user that there is."""
    for user in users:
        if isinstance(user, dict):
            wanted.authorized_keys.extend(map(str, user.get("ssh_authorized_keys", [])))


def _host_keys(keys: dict[str, str], wanted: FirstBoot) -> None:
    """The first pair holds: a later part adds to an earlier one, and replaces nothing."""
    if not wanted.host_private:
        wanted.host_private, wanted.host_public = str(keys["ed25519_private"]), str(keys["ed25519_public"])
    wanted.notes.extend(f"user data: ssh_keys.{key} is ignored here" for key in keys if not key.startswith("ed25519_"))


def _file(entry: dict[str, Any]) -> File:
    content = str(entry.get("content", "")).encode()
    encoding = str(entry.get("encoding", "text/plain")).lower()
    if encoding in {"b64", "base64", "gz+b64", "gz+base64", "gzip+b64", "gzip+base64"}:
        content = base64.b64decode(b"".join(content.split()), validate=True)
    elif encoding != "text/plain":
        raise ValueError(f"encoding {encoding}")
    if encoding.startswith("gz"):
        content = gzip.decompress(content)
    permissions = entry.get("permissions", DEFAULT_MODE)
    mode = permissions if isinstance(permissions, int) else int(str(permissions), 8)
    if not 0 <= mode <= MODES:
        raise ValueError(f"permissions {permissions}")
    return File(path=str(entry["path"]), content=content, mode=mode)


def _boot_commands(lines: list[Any], wanted: FirstBoot) -> None:
    """Those that would mount volumes find them mounted; a machine here has no early boot for others."""
    if not all(isinstance(line, list) and MOUNT in line for line in lines):
        wanted.notes.append("user data: bootcmd is ignored here")


def _command(line: str | list[Any]) -> str:
    """A text is a line for the shell, a list is one program with its arguments."""
    return shlex.join(map(str, line)) if isinstance(line, list) else str(line)

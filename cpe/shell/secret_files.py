"""Where the values of secrets come from: files that only the daemon may read, and the daemon's environment.

Rules: what is no secret (a directory, a pipe, nothing at all) is never waited for and never used; a file that everybody can read is used,
since refusing it would turn a wrong mode into an outage, and is complained of; no error ever holds a value.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pcloud.errors import SecretError
from pcloud.model.plan import Secret
from pcloud.model.ports import SecretReading

LONGEST = 64 * 1024
"""Bytes: the kernel takes no longer variable than 128 KiB, and no key or token is half as long."""


def read_secret(secret: Secret) -> SecretReading:
    """A secret's value from its file, without the line breaks at its end, or from our environment. SecretError."""
    if secret.env:
        value = os.environ.get(secret.env)
        if value is None:
            raise SecretError(f"secret {secret.name}: the daemon's environment has no {secret.env}")
        return SecretReading(_sound(secret.name, secret.env, value))
    try:
        content, mode = _content(secret)
        value = content.decode().rstrip("\n")
    except OSError as error:
        raise SecretError(f"secret {secret.name}: {secret.file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:  # which holds the value
        raise SecretError(f"secret {secret.name}: {secret.file} is no text") from None
    return SecretReading(_sound(secret.name, secret.file, value), _complaint(secret, mode))


def _content(secret: Secret) -> tuple[bytes, int]:
    """What is in the file, and its mode. O_NONBLOCK: to open a pipe would wait for somebody to write to it."""
    place = Path(secret.file)
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise SecretError(f"secret {secret.name}: {place} is no ordinary file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(LONGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LONGEST:
        raise SecretError(f"secret {secret.name}: {place} is longer than {LONGEST // 1024} KiB")
    return content, mode


def _sound(name: str, where: str, value: str) -> str:
    if not value:
        raise SecretError(f"secret {name}: {where} is empty")
    if "\0" in value:
        raise SecretError(f"secret {name}: {where} holds a NUL, which no variable can")
    return value


def _complaint(secret: Secret, mode: int) -> str:
    """What is wrong with the file's mode, for people."""
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        may = "read" if mode & stat.S_IROTH else "change"
        return f"secret {secret.name}: everybody on the controller may {may} {secret.file} (mode {stat.S_IMODE(mode):04o}): chmod 600 it"
    return ""

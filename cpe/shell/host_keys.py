"""SSH host keys as public lines: read from what people and consoles say, and shown as fingerprints."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from pcloud.errors import RefusedError

BEGIN, END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"
"""Between these cloud-init writes the host keys to the console, at every boot."""

_LINE = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp\d+|ssh-rsa)\s+([A-Za-z0-9+/]+=*)")


def plain(line: str) -> str:
    """A public line without host and comment; RefusedError for what is none."""
    found = _LINE.search(line)
    if found is None or not _is_key(found[1], found[2]):
        cure = "give the public line from the machine's /etc/ssh/ssh_host_ed25519_key.pub: ssh-ed25519 AAAA..."
        raise RefusedError("that is no SSH host key", cure)
    return f"{found[1]} {found[2]}"


def _is_key(kind: str, blob: str) -> bool:
    """Whether a blob is a key of that kind: its kind stands in it again, behind its length."""
    try:
        return base64.b64decode(blob, validate=True)[4:].startswith(kind.encode())
    except binascii.Error:
        return False


def fingerprint(line: str) -> str:
    """As ssh-keygen -l shows it."""
    kind, blob = line.split()
    digest = hashlib.sha256(base64.b64decode(blob)).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')} ({kind})"


def from_console(text: str) -> str:
    """The host key that the machine wrote to its console at its last boot, an ed25519 one if there is; empty without."""
    _, begun, rest = text.rpartition(BEGIN)
    keys, ended, _ = rest.partition(END)
    found = [f"{each[1]} {each[2]}" for each in _LINE.finditer(keys)] if begun and ended else []
    return next((each for each in found if each.startswith("ssh-ed25519")), found[0] if found else "")

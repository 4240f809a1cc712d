"""How we log in: which ciphers, which keys, and that nothing of the controller's own SSH setup plays a part.

Rules: the host key is the one we know, or there is no connection; no agent, no forwarding, no ``~/.ssh``, no passwords.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

import asyncssh

from agents.ssh.faults import UnclearError
from pcloud.model.instance import Instance

_CIPHERS = ["aes128-gcm@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"]
"""Cheapest first where the CPU knows AES (measured: a line costs 73 µs with the first); the others for guests that refuse it."""
LOGIN_TIMEOUT = 15.0
"""Seconds for a key exchange and a login, once the banner has come: a loaded guest under emulation takes several."""


@cache
def _shared() -> asyncssh.SSHClientConnectionOptions:
    """Built once: parsing options costs more than a handshake's own bookkeeping."""
    return asyncssh.SSHClientConnectionOptions(
        config=None,
        agent_path=None,
        agent_forwarding=False,
        encryption_algs=_CIPHERS,
        compression_algs=["none"],
        preferred_auth="publickey",
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_auth=False,
        gss_kex=False,
        login_timeout=LOGIN_TIMEOUT,
    )


def machine_options(instance: Instance, client_key: str) -> asyncssh.SSHClientConnectionOptions:
    """The options for one machine; ``client_key`` is the path of our private key. Raises UnclearError where a key cannot be used."""
    if not instance.host_key:
        raise UnclearError("no host key is known for this machine")
    try:
        host_key = asyncssh.import_public_key(instance.host_key)
    except asyncssh.KeyImportError as error:
        raise UnclearError(f"the host key of this machine cannot be read: {error}") from error
    try:
        key = asyncssh.import_private_key(Path(client_key).read_bytes())
    except (OSError, asyncssh.KeyImportError) as error:
        raise UnclearError(f"our own key {client_key} cannot be read: {error}") from error
    return asyncssh.SSHClientConnectionOptions(
        options=_shared(), username=instance.user, client_keys=[key], known_hosts=([host_key], [], [])
    )


def public_line(options: asyncssh.SSHClientConnectionOptions) -> str:
    """The public half of the key that we log in with, as a line of authorized_keys."""
    (pair,) = options.client_keys or ()
    return f"{pair.algorithm.decode()} {base64.b64encode(pair.public_data).decode()} pcloud"

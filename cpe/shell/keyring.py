"""SSH keys in files: one pair for each deployable, one for each instance.

Rules: ed25519, OpenSSH's format, readable by their owner only; made once, whole and flushed before anybody sees them, so that a key that a
machine was launched with is never forgotten. Only private halves are stored, public ones follow from them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_ssh_private_key

from pcloud.errors import StoreError
from pcloud.model.instance import Tags


class FileKeyring:
    """Keys below ``directory``, for the controller of that name. Implements ``pcloud.model.ports.Keyring``; raises StoreError."""

    def __init__(self, directory: Path, controller: str) -> None:
        self._directory = directory
        self._controller = controller

    def client_public(self, deployable: str) -> str:
        _, public = self._pair(self._client(deployable), f"pcloud:{deployable}")
        return public

    def client_path(self, deployable: str) -> str:
        path = self._client(deployable)
        self._pair(path, "")
        return str(path)

    def host_pair(self, deployable: str, assembly: str, generation: int) -> tuple[str, str]:
        path = self._directory / "hosts" / _file_name(deployable) / f"{_file_name(assembly)}-{generation}"
        return self._pair(path, f"{deployable}/{assembly}/{generation}")

    def tags(self, deployable: str, assembly: str, generation: int) -> Tags:
        return Tags(controller=self._controller, deployable=deployable, assembly=assembly, generation=generation)

    def forget(self, deployable: str) -> None:
        """Remove all keys of a deployable that is deleted."""
        try:
            self._client(deployable).unlink(missing_ok=True)
            shutil.rmtree(self._directory / "hosts" / _file_name(deployable), ignore_errors=True)
        except OSError as error:
            raise StoreError(f"the SSH keys of {deployable} cannot be removed: {error}") from error

    def _client(self, deployable: str) -> Path:
        return self._directory / "clients" / _file_name(deployable)

    def _pair(self, path: Path, comment: str) -> tuple[str, str]:
        """The private key and the public line of the key in ``path``, which is made if there is none."""
        try:
            if not path.exists():
                _make(path)
            private = path.read_bytes()
            key = load_ssh_private_key(private, password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise StoreError(f"the SSH key {path} cannot be read or made: {error}") from error
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        return private.decode(), f"{public} {comment}".strip()


def _make(path: Path) -> None:
    """Write a new key, unless somebody else is quicker."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(private)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(name)  # unlike a rename it never replaces a key
    finally:
        Path(name).unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _file_name(name: str) -> str:
    """A name of the spec as a file name; StoreError for one that would lead elsewhere."""
    if not name or "/" in name or name.startswith("."):
        raise StoreError(f"{name!r} cannot name a key")
    return name

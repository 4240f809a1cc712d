"""One daemon per state directory: a lock that the kernel takes back from whoever dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pcloud.errors import RefusedError, StoreError

LOCK_FILE = "lock"


class DirectoryLock:
    """Held from construction until ``release``; the file names the holder's process and stays behind, empty of meaning."""

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK_FILE
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            message = f"another daemon (process {holder}) works on {directory}"
            raise RefusedError(message, "stop it first, or set PCLOUD_STATE to another directory") from error
        except OSError as error:
            os.close(self._file)
            raise StoreError(f"{path} cannot be locked: {error.strerror}") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have it. Deleting the file instead would let two hold two files of one name."""
        os.close(self._file)

"""A file as the body of a request: read as it is sent, never held in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

Told = Callable[[int], None]
"""Hears how many bytes are on their way."""

PIECE = 256 * 1024
"""Bytes that are read at once: http.client would ask for 16 KiB, a thousand times for each 16 MiB."""


class FileBody:
    """For one request, and for that request once more after a refused token."""

    def __init__(self, path: Path, told: Told) -> None:
        self._path, self._told = path, told

    def __enter__(self) -> Self:
        self._file = self._path.open("rb")
        self._size = self._path.stat().st_size
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._size

    def rewind(self) -> None:
        """It is sent from its beginning."""
        self._file.seek(0)

    def read(self, size: int = -1) -> bytes:
        """The next piece, as http.client asks for it."""
        part = self._file.read(max(size, PIECE) if size >= 0 else size)
        self._told(self._file.tell())
        return part

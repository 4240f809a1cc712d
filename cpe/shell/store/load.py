"""How much a store has to do: what the metrics and the watchdog look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cpe.shell.store.writer import GroupWriter


@dataclass(frozen=True, slots=True)
class StoreLoad:
    """Since it was opened: transactions, the writes in them, and transactions that failed. Now: writes that wait, seconds that the
    transaction under way takes already, and the sizes of its file and of its write-ahead log in bytes.
    """

    commits: int
    writes: int
    failures: int
    waiting: int
    under_way: float
    bytes: int
    log_bytes: int


def load_of(writer: GroupWriter, path: Path) -> StoreLoad:
    """Of an open store, whose file is at ``path``."""
    sizes = size_of(path), size_of(path.with_name(f"{path.name}-wal"))
    return StoreLoad(writer.commits, writer.writes, writer.failures, writer.waiting, writer.under_way, *sizes)


def size_of(path: Path) -> int:
    """Bytes of a file, 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0

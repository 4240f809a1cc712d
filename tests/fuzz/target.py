"""What is fuzzed: one target for each kind of input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.bounds import Bounds

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Target:
    """``run`` takes any bytes, and raises where pcloud does with them what it must not do.

    ``seeds`` are inputs to begin with. ``guided``: only the coverage-guided fuzzer has it, the tests of its folder have their own.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...] = (b"",)
    bounds: Bounds = field(default_factory=Bounds)
    guided: bool = False

    def cases(self) -> list[Path]:
        """Inputs that once did harm."""
        place = CASES / self.name
        return sorted(place.iterdir()) if place.is_dir() else []

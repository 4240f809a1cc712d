"""The daemon of a system test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.processes import marked
from tests.system.running import Daemon, until


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.clear()
    until(lambda: not marked(str(made.state)), "no process of its machines is left", 10)

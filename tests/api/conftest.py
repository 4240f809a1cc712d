"""The API as its clients see it. Another controller runs the same tests by overriding ``controller``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cpe.shell.api.port import Controller
from pcloud.client import Client
from tests.api.memory_controller import MemoryController
from tests.api.serving import Served


@pytest.fixture
def controller() -> Controller:
    return MemoryController()


@pytest.fixture
def served(controller: Controller, tmp_path: Path) -> Iterator[Served]:
    with Served(controller, tmp_path / "run" / "api.sock") as serving:
        yield serving


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.path, timeout=10) as one:
        yield one

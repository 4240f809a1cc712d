"""The API as its clients see it. Another controller runs the same tests by overriding ``controller``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cpe.shell.api.port import Controller
from pcloud.client import Client
from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.system.running import Daemon


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


@pytest.fixture(params=["in memory", "real daemon"])
def contracted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """The stand-in that the other tests use, and the real controller: the same cases hold for both."""
    if request.param == "in memory":
        with Served(MemoryController(), tmp_path / "run" / "api.sock") as served, Client(served.path, timeout=10) as one:
            yield one
        return
    daemon = Daemon(tmp_path)
    try:
        daemon.start()
        yield daemon.client
    finally:
        daemon.clear()

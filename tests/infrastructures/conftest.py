"""A cloud of its own for every test, of which no process is left, whatever happened in the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local import processes
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.keyring import FileKeyring
from tests.infrastructures.access import Access


@pytest.fixture
def cloud_directory(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "clouds" / "local"
    directory.mkdir(parents=True)
    yield directory
    machines = [place for place in directory.glob("nodes/*") if (place / "node.json").exists()]
    for place in machines:
        processes.kill_all(place)
    assert [pid for place in machines for pid in processes.members(place)] == []


@pytest.fixture
def driver(cloud_directory: Path) -> LocalNodeDriver:
    return LocalNodeDriver(cloud_directory)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path, FileKeyring(tmp_path / "keys", "test"))

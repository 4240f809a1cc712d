"""The command line against a real server on a real socket; the controller behind it has no machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pcloud.cli.main import run
from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.api.specs import BLOG


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Pcloud = Callable[..., Ended]


@pytest.fixture
def controller() -> MemoryController:
    return MemoryController()


@pytest.fixture
def served(controller: MemoryController, tmp_path: Path) -> Iterator[Served]:
    with Served(controller, tmp_path / "api.sock") as serving:
        yield serving


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pcloud:
    """``pcloud`` where no daemon is, unless ``served`` is asked for as well."""
    monkeypatch.setenv("PCLOUD_SOCKET", str(tmp_path / "api.sock"))
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blog.yaml").write_text(BLOG)

    def pcloud(*arguments: str) -> Ended:
        code = run(arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return pcloud


@pytest.fixture
def pcloud(served: Served, alone: Pcloud) -> Pcloud:
    return alone

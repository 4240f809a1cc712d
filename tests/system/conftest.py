"""The daemon of a system test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.cli.main import run
from tests.agents.processes import marked
from tests.cli.conftest import Ended, Pcloud
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


@pytest.fixture
def pcloud(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pcloud:
    """The command line, with that daemon."""
    monkeypatch.setenv("PCLOUD_SOCKET", str(daemon.socket))
    monkeypatch.setenv("COLUMNS", "300")

    def pcloud(*arguments: str) -> Ended:
        code = run(arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return pcloud

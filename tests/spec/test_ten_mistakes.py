"""Ten mistakes in one file give ten errors, each with its line, path, what is wrong and what would be right: see ``mistaken.txt``."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcloud.cli.main import run
from tests.spec.examples import DATA

GOLDEN = DATA / "mistaken.txt"


def test_ten_mistakes_are_ten_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    monkeypatch.chdir(DATA)
    assert run(["deployable", "check", "mistaken.yaml"]) == 1
    said = capsys.readouterr().err
    if pytestconfig.getoption("--rewrite-scenarios"):
        GOLDEN.write_text(said)
    assert said == GOLDEN.read_text()
    lines = said.splitlines()
    assert len(lines) == 10
    source = Path("mistaken.yaml").read_text().splitlines()
    for line in lines:
        file, number, column, rest = line.split(":", 3)
        path, _, sentence = rest.strip().partition(": ")
        assert file == "mistaken.yaml"
        assert source[int(number) - 1][int(column) - 1 :].strip(), "the place is in the file"
        assert path
        assert "; " in sentence, f"no cure: {line}"
    assert sum("did you mean" in line for line in lines) >= 4

from __future__ import annotations

import pytest
from typer.main import get_command

from pcloud.cli.main import app, run


def commands() -> list[list[str]]:
    found = []
    for name, noun in get_command(app).commands.items():  # type: ignore[attr-defined]
        found += [[name, verb] for verb in noun.commands] if hasattr(noun, "commands") else [[name]]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Example: pcloud {' '.join(command)}" in said


@pytest.mark.parametrize("command", [one for one in commands() if one not in (["demo"], ["completion"])], ids=" ".join)
def test_every_result_comes_as_table_json_or_yaml(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    said = capsys.readouterr().out
    assert "--json" in said
    assert "-o, --output" in said


def test_the_exit_codes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert "7 timed out" in " ".join(capsys.readouterr().out.split())

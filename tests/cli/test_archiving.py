"""``pcloud events --archive`` and ``pcloud backup`` against the API, and what is wrong with what one types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cpe.shell.store.backup import check_backup
from tests.api.memory_controller import MemoryController
from tests.cli.conftest import Pcloud

pytestmark = pytest.mark.real


def test_events_are_archived_one_a_line_and_nothing_is_overwritten(pcloud: Pcloud, controller: MemoryController, tmp_path: Path) -> None:
    pcloud("deployable", "create", "blog.yaml")
    controller.report("blog", "web", kind="decided", reason="x", alert=True)
    file = tmp_path / "archive"
    done = pcloud("events", "--archive", str(file))
    assert (done.code, done.out) == (0, f"{len(controller.stored)} events are in {file}\n")
    assert [json.loads(line)["seq"] for line in file.read_text().splitlines()] == [event.seq for event in controller.stored]
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_text()
    again = pcloud("events", "--archive", str(file))
    assert (again.code, again.err.splitlines()[0], file.read_text()) == (4, f"error: {file} exists", content)
    done = pcloud("events", "blog/web", "--alerts", "--archive", str(tmp_path / "alerts"), "--json")
    assert json.loads(done.out) == {"file": str(tmp_path / "alerts"), "events": 1}
    assert pcloud("events", "--archive", str(tmp_path / "old"), "--before", "1h").out == f"0 events are in {tmp_path / 'old'}\n"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--archive", "x", "-f"], "--archive and --follow contradict each other"),
        (["--before", "1h"], "--before is for --archive alone"),
        (["--archive", "x", "--before", "soon"], '"soon" is no moment'),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(pcloud: Pcloud, words: list[str], said: str) -> None:
    done = pcloud("events", *words)
    assert done.code == 2
    assert said in done.err


def test_a_directory_that_is_not_there_is_said(pcloud: Pcloud, tmp_path: Path) -> None:
    for words in (["events", "--archive"], ["backup"]):
        done = pcloud(*words, str(tmp_path / "nowhere" / "file"))
        assert done.code == 1
        assert done.err.startswith(f"error: {tmp_path / 'nowhere' / 'file'} cannot be written: No such file or directory")


def test_a_backup_is_whole(pcloud: Pcloud, tmp_path: Path) -> None:
    done = pcloud("backup", str(tmp_path / "backup"))
    assert done.code == 0
    assert "keep it as safe as a key" in done.out
    check_backup(tmp_path / "backup")

"""Which kept demo is meant, where there is none, one or several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.client import Client
from pcloud.demo.place import Place, alive
from pcloud.demo.program import main

pytestmark = pytest.mark.real


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def started(home: Path, name: str) -> Place:
    place = Place(home / f"pcloud-demo-{name}")
    place.directory.mkdir()
    try:
        place.start_daemon()
    except BaseException:
        place.clear()
        raise
    return place


@pytest.fixture
def two(home: Path) -> Iterator[list[Place]]:
    places: list[Place] = []
    try:
        places += [started(home, "one")]
        places += [started(home, "two")]
        yield places
    finally:
        for place in places:
            place.clear()


def test_without_a_demo_it_is_said_how_to_start_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--break", "mysql"], ["--end"], ["--end", "--name", "pcloud-demo-one"]):
        assert main(words) == 3
        assert "pcloud demo --keep" in capsys.readouterr().err


def test_of_several_one_must_be_named_and_only_that_one_is_ended(two: list[Place], capsys: pytest.CaptureFixture[str]) -> None:
    first, second = two
    assert main(["--end"]) == 4
    refused = " ".join(capsys.readouterr().err.split())
    assert "2 demos are running: pcloud-demo-one, pcloud-demo-two; say which one, as in --name pcloud-demo-one" in refused
    assert main(["--end", "--name", second.name]) == 0
    assert "pcloud-demo-two is ended" in capsys.readouterr().out
    assert (first.directory.exists(), second.directory.exists()) == (True, False)
    assert main(["--end"]) == 0, "there is only one now"
    assert not first.directory.exists()


def test_a_demo_whose_daemon_cannot_be_asked_is_ended_by_its_name(home: Path) -> None:
    place = started(home, "deaf")
    try:
        with Client(place.socket) as client:
            pid = client.daemon().pid
        place.socket.unlink()
        assert alive(pid)
        assert main(["--end", "--name", place.name]) == 0
        assert not alive(pid)
        assert list(home.iterdir()) == []
    finally:
        place.clear()


def test_a_demo_whose_daemon_is_dead_is_ended_by_its_name(home: Path) -> None:
    left = home / "pcloud-demo-left"
    (left / "state").mkdir(parents=True)
    assert main(["--end"]) == 3
    assert main(["--end", "--name", str(left)]) == 0
    assert not left.exists()


@pytest.mark.parametrize("name", ["other", ".", "..", "pcloud-demo-one/state", "/etc", "pcloud-demo-one/../../precious"])
def test_what_is_no_demo_is_never_removed(home: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "other").mkdir()
    (home / "pcloud-demo-one" / "state").mkdir(parents=True)
    assert main(["--end", "--name", name]) == 3
    assert f"there is no demo {name}" in " ".join(capsys.readouterr().err.split())
    assert (home / "other").is_dir()
    assert (home / "pcloud-demo-one" / "state").is_dir()

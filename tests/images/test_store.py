"""Images on this machine: by their names, whole or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pcloud.errors import NotFoundError, PcloudError, RefusedError
from pcloud.images.record import ImageRecord
from pcloud.images.store import ImageStore, checked_name
from tests.agents.nspawn import why_not

RECORD = ImageRecord("web", "tree", "bookworm", "amd64", "2026-01-02T03:04:05Z", 61.5, 12, "k", tree="root")


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def put(store: ImageStore, name: str, content: str) -> None:
    with store.room(name) as place:
        (place / "root").mkdir()
        (place / "root" / "file").write_text(content)
        RECORD.save(place)


def broken_off(store: ImageStore, error: BaseException) -> None:
    with store.room("web") as place:
        (place / "half").touch()
        raise error


def everything(store: ImageStore) -> list[str]:
    return sorted(each.name for each in store.directory.iterdir())


def test_what_is_built_is_there_under_its_name_until_it_is_deleted(store: ImageStore) -> None:
    assert store.names() == []
    put(store, "web", "first")
    put(store, "db", "another")
    assert (store.names(), store.record("web"), store.known("cache")) == (["db", "web"], RECORD, None)
    put(store, "web", "second")
    assert (store.path("web") / "root" / "file").read_text() == "second"
    store.delete("web")
    store.delete("db")
    assert everything(store) == [".lock"]


def test_a_build_that_fails_leaves_what_was_there_and_nothing_else(store: ImageStore) -> None:
    put(store, "web", "first")
    for error in (PcloudError("no"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            broken_off(store, error)
    assert everything(store) == [".lock", "web"]
    assert (store.path("web") / "root" / "file").read_text() == "first"


def test_what_a_killed_one_left_is_swept_away_by_the_next(store: ImageStore) -> None:
    for left in (".new-web", ".gone-web"):
        (store.directory / left / "root").mkdir(parents=True)
    assert store.names() == []
    put(store, "db", "content")
    assert everything(store) == [".lock", "db"]


def test_two_builds_at_once_are_refused(store: ImageStore) -> None:
    with store.room("web"), pytest.raises(RefusedError, match="another pcloud builds or deletes an image"), store.room("db"):
        pass
    assert store.names() == ["web"]


def test_an_unknown_name_is_told_with_what_is_near(store: ImageStore) -> None:
    put(store, "web", "content")
    with pytest.raises(NotFoundError, match="there is no image wep") as unknown:
        store.delete("wep")
    assert unknown.value.cure == "did you mean web?"


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".hidden", "Web", "a b", "-o", "a" * 64, "ä"])
def test_what_cannot_be_a_name_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of an image"):
        checked_name(name)


@pytest.mark.real
@pytest.mark.machine
@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
def test_what_a_machine_stands_on_is_not_taken_away(store: ImageStore, tmp_path: Path) -> None:
    put(store, "web", "content")
    put(store, "web2", "content")
    upper, work, root = (tmp_path / name for name in ("upper", "work", "root"))
    for place in (upper, work, root):
        place.mkdir()
    layers = f"lowerdir={store.path('web') / 'root'},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, root], check=True, timeout=30)
    try:
        with pytest.raises(RefusedError, match="a machine runs on the image web"):
            store.delete("web")
        with pytest.raises(RefusedError, match="a machine runs on the image web"):
            put(store, "web", "second")
        store.delete("web2")
    finally:
        subprocess.run(["umount", root], check=True, timeout=30)
    assert store.names() == ["web"]
    store.delete("web")

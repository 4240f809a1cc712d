"""``pcloud image build`` where it cannot come to anything: with the real mmdebstrap, and mirrors that are none."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.errors import RefusedError
from pcloud.images import sealed
from pcloud.images.building import build
from pcloud.images.recipe import Recipe
from pcloud.images.store import ImageStore
from tests.agents.nspawn import why_not
from tests.cli.conftest import Pcloud, alone
from tests.cli.terminal import LONG, PCLOUD

__all__ = ["alone"]  # a fixture

pytestmark = pytest.mark.real

as_root = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "images"
    monkeypatch.setenv("PCLOUD_IMAGES", str(place))
    return place


def listed(images: Path) -> list[str]:
    return sorted(each.name for each in images.iterdir())


def nothing_is_left(images: Path) -> bool:
    return listed(images) in ([], [".lock"]) and str(images) not in Path("/proc/mounts").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["a/b"], 2, "'a/b' cannot be the name of an image"),
        (["web", "--release", "bokworm"], 4, "there is no release bokworm"),
        (["web", "--keyring", "/nowhere.gpg"], 4, "there is no file /nowhere.gpg"),
        (["web", "--include", "nginx,--hook"], 4, "'--hook' cannot be the name of a package"),
        (["web", "--provision", "/nowhere.sh"], 2, "/nowhere.sh cannot be read"),
        (["web", "--provision", "blog.yaml"], 2, "is no script: its first line must name a program"),
        (["web", "--format", "iso"], 2, "iso"),
    ],
)
def test_bad_input_is_told_before_anything_is_begun(alone: Pcloud, images: Path, words: list[str], code: int, said: str) -> None:
    ended = alone("image", "build", *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert not images.exists()


def test_where_there_is_no_image_that_is_said(alone: Pcloud, images: Path) -> None:
    assert alone("image", "list").out == f"there is no image in {images}; `pcloud image build NAME` builds one\n"
    assert alone("image", "list", "--json").out == "[]\n"
    ended = alone("image", "delete", "web")
    assert (ended.code, ended.err) == (3, f"error: there is no image web in {images}\n")


@as_root
def test_without_mmdebstrap_its_package_is_named(images: Path, monkeypatch: pytest.MonkeyPatch, alone: Pcloud) -> None:
    monkeypatch.setitem(sealed.ENVIRONMENT, "PATH", "/nowhere")
    ended = alone("image", "build", "web")
    assert ended.code == 4
    assert "missing here: e2fsprogs, mmdebstrap, qemu-utils, util-linux" in ended.err
    assert "apt-get install --no-install-recommends" in ended.err


@as_root
def test_who_is_not_root_is_told_so(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.setuid(65534)
        try:
            build(ImageStore(tmp_path / "images"), "web", Recipe(), print)
        except RefusedError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        assert said.read().startswith("only root can build an image")
    os.waitpid(child, 0)


@as_root
def test_a_mirror_that_is_none_is_told_and_nothing_is_left(alone: Pcloud, images: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    ended = alone("image", "build", "web", "--format", "tree", "--mirror", f"http://127.0.0.1:{port}/debian")
    assert (ended.code, ended.out) == (1, "")
    assert "error: mmdebstrap ended with status" in ended.err
    assert "can it be reached from here?" in ended.err or "can the mirror be reached from here?" in ended.err
    assert "running apt-get update" in ended.err
    assert nothing_is_left(images)


@as_root
def test_too_small_a_disk_is_told_at_once(alone: Pcloud, images: Path) -> None:
    images.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", images], check=True, timeout=30)
    try:
        ended = alone("image", "build", "web")
        assert ended.code == 4
        assert f"{images} has 16 MiB left, and a qcow2 needs 2048 while it is built" in ended.err
        assert listed(images) == [".lock"]
    finally:
        subprocess.run(["umount", images], check=True, timeout=30)


@pytest.fixture
def silent_mirror() -> Iterator[socket.socket]:
    """It takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LONG)
        yield server


def of_the_build(mark: str) -> list[str]:
    """The command lines of all processes that name it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # it has just ended
                continue
            if mark in words:
                found.append(words)
    return found


@as_root
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_build_that_is_broken_off_leaves_no_process_and_no_mount(
    images: Path, silent_mirror: socket.socket, number: signal.Signals, code: int
) -> None:
    mirror = f"http://127.0.0.1:{silent_mirror.getsockname()[1]}/debian"
    words = [*PCLOUD, "image", "build", "web", "--format", "tree", "--mirror", mirror]
    building = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        connection, _ = silent_mirror.accept()  # apt-get asks
        assert of_the_build(str(images / ".new-web"))
        building.send_signal(number)
        said, _ = building.communicate(timeout=LONG)
        connection.close()
    finally:
        building.kill()
        building.wait()
    assert (building.returncode, "Traceback" in said) == (code, False)
    deadline = time.monotonic() + LONG
    while left := of_the_build(str(images / ".new-web")):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    if number is not signal.SIGKILL:
        assert nothing_is_left(images)
        return
    assert str(images) not in Path("/proc/mounts").read_text()
    with ImageStore(images).room("db"):  # the next build sweeps away what it could not
        assert listed(images) == [".lock", ".new-db"]

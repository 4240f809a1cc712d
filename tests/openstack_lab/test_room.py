"""Who is in the lab's room, seen on real namespaces: all that were born there, whatever they did since, and no stranger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openstack_lab import room

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0,
        reason="needs root, and namespaces that may be made",
    ),
]

# One process that keeps the room, and one that does all it can to be forgotten: its own session, no parent, no environment.
INHABITANTS = """
import os, sys
from pathlib import Path
from openstack_lab import kernel
from openstack_lab.room import MEMORY
kernel.unshare(kernel.CLONE_NEWNS)
kernel.make_mounts_private()
kernel.mount(MEMORY, Path(sys.argv[1]) / "memory", "tmpfs")
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    sys.stdout.write(f"{os.getpid()}\\n")
    sys.stdout.flush()
    os.execve("/bin/sleep", ["somebody-else", "600"], {})
os.wait()
os.execv("/bin/sleep", ["sleep", "600"])
"""


VISITOR = """
import sys
from pathlib import Path
from openstack_lab import room
room.follow(int(sys.argv[2]))
print(room.pids(Path(sys.argv[1])))
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "memory").mkdir()
    yield tmp_path
    room.empty(tmp_path)


@pytest.fixture
def inhabitants(home: Path) -> Iterator[tuple[int, int]]:
    lab = Path(room.__file__).parent.parent
    child = subprocess.Popen([sys.executable, "-c", INHABITANTS, home], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(lab)})
    assert child.stdout
    with child.stdout:
        runaway = int(child.stdout.readline())
    yield child.pid, runaway
    child.kill()
    child.wait()


def test_everybody_born_in_the_room_is_found(home: Path, inhabitants: tuple[int, int]) -> None:
    assert room.pids(home) == sorted(inhabitants)


def test_a_stranger_is_not_even_one_with_the_same_mount_elsewhere(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "memory").mkdir()
    assert room.pids(home) == []
    assert not room.is_in(other, os.getpid())
    assert room.empty(home) == []


def test_the_room_is_emptied_of_all_and_their_mounts_go_with_them(home: Path, inhabitants: tuple[int, int]) -> None:
    first, _ = inhabitants
    os.kill(first, signal.SIGSTOP)  # one that could not end by itself
    assert len(room.empty(home)) == 2
    assert room.pids(home) == []
    assert str(home) not in Path("/proc/self/mountinfo").read_text()


def test_only_the_caller_is_left_out(home: Path, inhabitants: tuple[int, int]) -> None:
    environment = {"PYTHONPATH": str(Path(room.__file__).parent.parent)}
    seen = subprocess.check_output([sys.executable, "-c", VISITOR, home, str(inhabitants[0])], text=True, env=environment)
    assert seen.strip() == str(sorted(inhabitants))

"""The embedded cloud needs no root: its own tests, run by a user who exists in a private view of the file system only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local import processes

pytestmark = pytest.mark.real

CHECKOUT = Path(__file__).resolve().parents[2]
VISITOR = 4242
"""A uid that nobody has."""

# In a mount namespace of its own, so that nothing of this is seen outside or left behind: a user is added, and a Python or a checkout that
# lies in root's home can be reached.
ARRANGE = """
set -e
home=$1 closed=$2 python=$3 checkout=$4
shift 4
mount --make-rprivate /
if [ -n "$closed" ]; then
    mkdir "$home/python" "$home/checkout"
    mount --bind "$python" "$home/python"
    mount --bind "$checkout" "$home/checkout"
    mount -t tmpfs -o mode=755 tmpfs "$closed"
    mkdir -p "$python" "$checkout"
    mount --move "$home/python" "$python"
    mount --move "$home/checkout" "$checkout"
    cd "$checkout"
fi
{ cat /etc/passwd; echo "visitor:*:VISITOR:VISITOR::$home:/bin/bash"; } >"$home/passwd"
mount --bind "$home/passwd" /etc/passwd
exec setpriv --reuid=VISITOR --regid=VISITOR --clear-groups env -i HOME="$home" PATH="$PATH" "$@"
""".replace("VISITOR", str(VISITOR))


def closed_directories(*paths: Path) -> set[str]:
    """The topmost directories on the way to these that only their owners may pass."""
    ways = [[parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001] for path in paths]
    return {str(way[0]) for way in ways if way}


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests were run by an ordinary user just now")
@pytest.mark.skipif(shutil.which("unshare") is None or shutil.which("setpriv") is None, reason="needs util-linux")
@pytest.mark.timeout(300)
def test_the_embedded_cloud_works_for_an_ordinary_user():
    python = Path(sys.base_prefix).resolve()
    closed = closed_directories(python / "bin", CHECKOUT / "tests")
    if len(closed) > 1:
        pytest.skip(f"an ordinary user reaches neither the Python nor the checkout: {closed}")
    home = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True, timeout=20).stdout.strip())
    try:
        home.chmod(0o755)
        for name in (".bashrc", ".profile", ".bash_profile"):  # which no machine's command may run
            (home / name).write_text("echo the user's own rc file\n")
        (home / "tests").mkdir()
        os.chown(home / "tests", VISITOR, VISITOR)
        arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={home}/tests/base", "-x", "-k", "not ignores"]
        suites = [f"tests/infrastructures/{name}.py" for name in ("test_driver", "test_machine_faults", "test_first_boot")]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", ARRANGE, "sh", home, "".join(closed), python, CHECKOUT, sys.executable, *arguments, *suites],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        if "unshare failed" in done.stderr or "mount:" in done.stderr:  # a container that may not
            pytest.skip(f"no mount namespace to be had here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        for record in home.rglob("node.json"):  # of tests that were cut off
            processes.kill_all(record.parent)
        shutil.rmtree(home)

"""The whole demo as a user runs it: to its end, kept and broken by hand, and interrupted in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pcloud.demo import needs
from tests.agents.processes import marked
from tests.system.running import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(needs.missing()), reason=f"the demo's packages are missing: {', '.join(needs.missing())}"),
]


def demo(directory: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(directory)}
    program = [sys.executable, "-m", "pcloud.cli", "demo", *words]
    return subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(directory: Path, *words: str) -> str:
    process = demo(directory, *words)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return output


def end(directory: Path) -> None:
    if list(directory.glob("pcloud-demo-*")):
        subprocess.run([sys.executable, "-m", "pcloud.cli", "demo", "--end"], env={**os.environ, "TMPDIR": str(directory)}, check=False)


def test_three_faults_are_healed_and_a_kept_demo_can_be_broken_again_and_ended(tmp_path: Path) -> None:
    try:
        story = run(tmp_path, "--keep", "--explain")
        for recovery in ("restart", "reboot", "relaunch"):
            assert f"  {recovery} " in story, story
        assert story.count("is still there") == 3
        assert story.count("pcloud explain wordpress/mysql") == story.count("  It ended well, ") == 3
        assert "kill -9" in run(tmp_path, "--break", "mysql/mysqld")
        assert "ended" in run(tmp_path, "--end")
        assert list(tmp_path.iterdir()) == []
        assert marked(str(tmp_path)) == {}
    finally:
        end(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process = demo(tmp_path)
    try:
        until(lambda: list(tmp_path.glob("pcloud-demo-*/state/clouds/local/nodes/*")), "a machine is there", 60)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 130, output
        assert list(tmp_path.iterdir()) == []
        assert marked(str(tmp_path)) == {}
    finally:
        process.kill()
        process.wait()
        end(tmp_path)

"""The command itself: what it shows without a world, and what it says where none can be made."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.chaos.__main__ import main

AS_NOBODY = "import os, sys; from tests.chaos.__main__ import main; os.setuid(65534); sys.exit(main(['--seed', '5']))"


def test_a_schedule_is_shown_without_anything_being_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "5", "--minutes", "1", "--schedule"]) == 0
    shown = capsys.readouterr()
    assert main(["--seed=5", "--minutes=1", "--schedule"]) == 0
    assert (shown.out, "") == (capsys.readouterr().out, shown.err)
    assert shown.out.startswith("#1 ")


@pytest.mark.real
def test_without_root_there_is_one_sentence() -> None:
    refused = subprocess.run([sys.executable, "-c", AS_NOBODY], capture_output=True, text=True, check=False, timeout=100)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    assert "needs root" in refused.stderr


@pytest.mark.parametrize("minutes", ["0", "-3", "nan", "three", "1e9"])
def test_a_length_that_makes_no_sense_is_refused(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--minutes={minutes}"])
    assert ended.value.code == 2
    assert "--minutes" in capsys.readouterr().err.splitlines()[-1]

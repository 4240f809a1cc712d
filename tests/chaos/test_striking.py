"""The faults of the network strike whom they are meant to strike, and nothing of them is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.namespace import INIT, UNSHARE, why_not
from tests.chaos.proxy import LATENCY

pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")]


def test_each_fault_of_the_network_strikes_and_is_over(tmp_path: Path) -> None:
    command = [*UNSHARE, "sh", "-c", INIT, "sh", sys.executable, "-m", "tests.chaos.striking", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    works = {
        name: [isinstance(each, float) for each in found[name]]
        for name in ("before", "cut-infrastructure", "cut-to", "cut-from", "cut-machine", "after")
    }
    assert works == {
        "before": [True, True, True],
        "cut-infrastructure": [False, True, True],
        "cut-to": [False, True, True],
        "cut-from": [False, True, True],
        "cut-machine": [False, False, True],
        "after": [True, True, True],
    }
    assert found["reset"] == "reset"
    assert (found["no loss"], 0.15 < found["loss"] < 0.5) == (0.0, True)
    assert found["latency"] > 2 * LATENCY
    assert found["rules"].strip() == ""

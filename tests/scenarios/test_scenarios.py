from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.scenarios.scenario import Scenario, scenarios


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_the_policy_decides_as_the_scenario_says(scenario: Scenario, request: pytest.FixtureRequest) -> None:
    said = scenario.play()
    if request.config.getoption("--rewrite-scenarios"):
        scenario.rewrite(said)
        return
    assert said == scenario.expected, f"if this is meant: pytest --rewrite-scenarios, then review the diff of {scenario.path.name}"


@pytest.mark.real
def test_no_decision_depends_on_the_order_of_a_set() -> None:
    said = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ended = subprocess.run(
            [sys.executable, "-m", "tests.scenarios.scenario"], env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        assert ended.returncode == 0, ended.stderr
        said.append(ended.stdout)
    assert said[0] == said[1]

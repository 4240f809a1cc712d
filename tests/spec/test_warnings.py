"""Windows that the probes are too slow for are warned about, not refused (policy.md section 3.8)."""

from __future__ import annotations

import pytest

from pcloud.spec.loading import load
from pcloud.spec.planning import plan
from pcloud.spec.warnings import warnings

SPEC = """
deployable: shop
infrastructure: local
assemblies:
  db:
    image: host
    monitor: {{interval: {interval}}}
    resources:
      one: {{agent: "process:x", recovery: {{restart: {{failures: 3, within: {within}}}}}}}
      two: {{restarts: one, checks: [{{tcp: 1, fall: 5}}], recovery: {{restart: {{failures: 2, within: 10m}}}}}}
"""


def warned(interval: str, within: str) -> list[str]:
    return list(warnings(plan(load(SPEC.format(interval=interval, within=within), path="x", files={}))))


@pytest.mark.parametrize(("interval", "within"), [("5s", "10m"), ("5s", "15s"), ("60s", "125s")])
def test_a_window_that_can_fill_is_not_warned_about(interval: str, within: str) -> None:
    assert warned(interval, within) == []


def test_a_window_shorter_than_its_probes_and_delays_need_is_warned_about() -> None:
    assert warned("60s", "2m") == ["db/one: 3 failures will hardly fall within 2m: its probes and the delays take 2m5s for them"]


def test_soft_evidence_takes_fall_looks() -> None:
    assert warned("121s", "10m") == ["db/two: 2 failures will hardly fall within 10m: its probes and the delays take 10m5s for them"]

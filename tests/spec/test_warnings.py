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


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtaU2w1mZjWzZ9m0Q1v7m5PyJqf3nJqX2v0bq8V0V1h root@rack-7"


def racked(monitor: str) -> list[str]:
    source = f"deployable: d\nassemblies:\n  rack: {{address: 10.0.0.7, monitor: {monitor}}}\n"
    return list(warnings(plan(load(source, path="x", files={}))))


def test_a_static_machine_whose_host_key_nobody_knows_is_warned_about() -> None:
    [warning] = racked("{port: 2222}")
    assert warning.startswith(
        "rack: without monitor.host_key there is no contact; write what ssh-keyscan -t ed25519 -p 2222 10.0.0.7 prints"
    )
    assert racked(f"{{host_key: {KEY}}}") == []


@pytest.mark.parametrize("key", ["ssh-ed25519 AAAA...", KEY.replace("ed25519 ", "rsa "), KEY[:40]])
def test_a_host_key_that_is_none_is_warned_about(key: str) -> None:
    [warning] = racked(f'{{host_key: "{key}"}}')
    assert warning.startswith("rack: its monitor.host_key is no whole public key")

"""The metrics of a daemon, as whoever scrapes them gets them."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families as families

from tests.system.running import Daemon


def scraped(daemon: Daemon, accept: str = "") -> str:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(daemon.socket))) as client:
        answer = client.get("http://localhost/metrics", headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(accept or "text/plain; version=0.0.4")
    return answer.text


def samples(text: str) -> dict[str, float]:
    """By name and labels, as they are written."""
    found = {}
    for each in (sample for family in families(text) for sample in family.samples):
        labels = ",".join(f"{label}={value}" for label, value in sorted(each.labels.items()))
        found[f"{each.name}{{{labels}}}" if labels else each.name] = each.value
    return found

"""The first yardstick (the end of policy.md), through the real command, as a program that reads its JSON sees it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Pcloud

SPEC = Path(__file__).parent.parent / "scenarios" / "specs" / "one.yaml"
MOMENTS = (0, 0, 0, 0, 0, 0, 0.3, 0.9, 1.5, 1.8, 1.8)
LETTERS = {"restart": "R", "reboot": "E"}


def test_the_first_yardstick_comes_out(alone: Pcloud, tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text("".join(f"{at} fail web/httpd\n" for at in MOMENTS))
    settings = ("restart.failures=3", "restart.within=1s", "restart.delay=0", "reboot.failures=-1", "reboot.delay=0")
    options = [word for setting in settings for word in ("--set", f"recovery.{setting}")]
    ended = alone("simulate", str(SPEC), str(trace), "--json", *options)
    assert (ended.code, ended.err) == (0, "")
    acts = [record for record in map(json.loads, ended.out.splitlines()) if record["decision"] == "act"]
    assert "".join(LETTERS[record["action"]] for record in acts) == "RRERRERRRER"
    assert [record["at"] for record in acts] == list(MOMENTS)
    assert {record["target"] for record in acts} == {"web/httpd", "web"}

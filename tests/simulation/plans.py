"""The specs of the scenarios as plans."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pcloud.model.plan import DeployablePlan
from pcloud.spec.files import files_of
from pcloud.spec.overriding import plan_overridden

SPECS = Path(__file__).parent.parent / "scenarios" / "specs"


@cache
def plan_of(name: str, *settings: str) -> DeployablePlan:
    source = (SPECS / f"{name}.yaml").read_text()
    return plan_overridden(source, path=name, files=dict.fromkeys(files_of(source), ""), settings=settings)

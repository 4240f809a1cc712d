"""The real guards for tests of single deployables: nothing is ever in their way."""

from __future__ import annotations

from agents.answers import reach
from cpe.shell.anchors import Anchors
from cpe.shell.guards import Overseer
from pcloud.errors import InfrastructureError
from pcloud.model.actions import Report
from pcloud.model.ports import Infrastructure


def overseer() -> Overseer:
    """Guards that know of no infrastructure, and so of no anchor."""
    return Overseer(Anchors({}, no_infrastructure, reach), no_report)


def no_infrastructure(name: str) -> Infrastructure:
    raise InfrastructureError(f"there is no {name}")


async def no_report(_report: Report) -> None:
    raise AssertionError("one deployable is no storm")

"""How everything that one daemon looks after stands at a moment, in figures, and what of it is in trouble."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class HoldingGuard(BaseModel):
    """A guard that holds back all recoveries of an infrastructure, or of a ``zone`` of it; "" is all of it."""

    guard: str
    infrastructure: str
    zone: str = ""


class InfrastructureLoad(BaseModel):
    """How busy one infrastructure is. ``recoveries``: reboots and relaunches in flight, as the caps count them; ``calls``: under way and
    waiting, of at most ``calls_limit``, more than which are refused.
    """

    name: str
    recoveries: int
    calls: int
    calls_limit: int


class Troubled(BaseModel):
    """A deployable that is neither healthy nor stopped, and why."""

    name: str
    state: str
    reason: str = ""


class LoopLoad(BaseModel):
    """How late the daemon's loop was at the worst moment of the last minute, in seconds, and how often it stood still for more than 5 s."""

    lag: float
    stalls: int


class Overview(BaseModel):
    """All of it. ``deployables``, ``assemblies`` and ``resources`` count by state, ``recoveries`` by rung, ``held`` by what holds them.

    ``machines`` are the instances that there are, ``contact`` those with which there is contact. ``checks_per_second`` is how many checks
    the intervals of what is watched now come to. ``doubted``: the checks from the controller are, all of them. ``trouble``: why nothing can
    be recorded now. ``troubled`` are the worst ones of those that are not well, the worst first; ``unwell`` is how many there are.
    """

    at: datetime
    version: str
    pid: int
    since: datetime = Field(description="when the daemon started")
    trouble: str = ""
    deployables: dict[str, int]
    assemblies: dict[str, int]
    resources: dict[str, int]
    machines: int
    contact: int
    checks_per_second: float
    recoveries: dict[str, int]
    held: dict[str, int]
    actions_in_flight: int
    guards: list[HoldingGuard]
    doubted: bool
    loop: LoopLoad
    infrastructures: list[InfrastructureLoad]
    unwell: int
    troubled: list[Troubled]

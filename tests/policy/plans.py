"""Plans for policy tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcloud.model.plan import (
    AssemblyPlan,
    Check,
    DeployablePlan,
    HttpCheck,
    MonitorPlan,
    ProcessAgent,
    RecoverySettings,
    ResourcePlan,
    RungSettings,
    TcpCheck,
    VolumePlan,
)
from pcloud.model.words import Mode, Origin, Rung

RELAUNCH = RecoverySettings(allow=Rung.RELAUNCH)


def resource(
    name: str, *, port: int = 0, url: str = "", agent: bool = True, recovery: RecoverySettings = RELAUNCH, **more: Any
) -> ResourcePlan:
    """A resource with an agent (``agent=False``: a check alone), a tcp check where ``port``, a check from the controller where ``url``."""
    checks = (Check(f"tcp:{port}", TcpCheck(port)),) if port else ()
    checks += (Check("http", HttpCheck(url), origin=Origin.CONTROLLER),) if url else ()
    return ResourcePlan(name, ProcessAgent(name) if agent else None, checks, recovery=recovery, **more)


def assembly(
    name: str, *resources: ResourcePlan, volumes: bool = False, recovery: RecoverySettings = RELAUNCH, **more: Any
) -> AssemblyPlan:
    """An assembly on the infrastructure ``lab``."""
    disks = (VolumePlan("data", 1, "/data"),) if volumes else ()
    more.setdefault("monitor", MonitorPlan(silence=60.0))
    more.setdefault("image", "debian")
    return AssemblyPlan(name, "lab", volumes=disks, resources=resources, recovery=recovery, **more)


def rung(failures: int, within: float, delay: float = 0.0, max_delay: float = 300.0, verify: float = 60.0) -> RungSettings:
    """One window, without delays unless said."""
    return RungSettings(failures, within, delay, max_delay, verify)


def recovery(**changes: Any) -> RecoverySettings:
    """The default settings with relaunch allowed, and some changed."""
    return replace(RELAUNCH, **changes)


def deployable(*assemblies: AssemblyPlan, name: str = "app") -> DeployablePlan:
    """A deployable of these."""
    return DeployablePlan(name, ("lab",), assemblies)


def one(settings: RecoverySettings = RELAUNCH, **more: Any) -> DeployablePlan:
    """One assembly ``db`` with one service ``mysqld``, both with these settings."""
    return deployable(assembly("db", resource("mysqld", recovery=settings), recovery=settings, **more))


WORDPRESS = deployable(
    assembly("mysql", resource("mysqld", port=3306), volumes=True),
    assembly(
        "web",
        resource("apache"),
        resource("site", url="http://${web.address}/", agent=False, restarts="apache"),
        after=("mysql",),
        configure="#!/bin/sh",
        parameters=(("DB_HOST", "${mysql.address}"),),
    ),
    name="wordpress",
)

PAIR = deployable(
    assembly("db", resource("mysqld", port=3306), volumes=True),
    assembly("web", resource("apache", url="http://${web.address}/")),
)


QUICK = recovery(
    allow=Rung.RELAUNCH_DEPLOYABLE,
    restart=rung(3, 600, delay=2, verify=20),
    reboot=rung(2, 3600, delay=5, verify=60),
    relaunch=rung(1, 21600, verify=60),
    relaunch_deployable=rung(2, 86400, verify=300),
)


def quick_pair(mode: Mode = Mode.ENFORCE) -> DeployablePlan:
    """A database and what shows it, with every rung, and little time for each."""
    settings = replace(QUICK, mode=mode)
    patient = MonitorPlan(silence=20.0)
    plan = deployable(
        assembly("db", resource("mysqld", port=3306, recovery=settings), volumes=True, recovery=settings, monitor=patient),
        assembly(
            "web",
            resource("apache", recovery=settings),
            after=("db",),
            configure="#!/bin/sh",
            parameters=(("DB", "${db.address}"),),
            recovery=settings,
            monitor=patient,
        ),
    )
    return replace(plan, recovery=settings)

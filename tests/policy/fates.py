"""What befalls a deployable in the tests of what must always hold: its spec, and what others may be put in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pcloud.model.plan import AssemblyPlan, DeployablePlan, MonitorPlan, ProcessAgent
from pcloud.model.words import Mode, OnExhausted, Rung
from tests.policy.plans import assembly, deployable, recovery, resource, rung


def quick(allow: Rung, on_exhausted: OnExhausted, restarts: int, mode: Mode = Mode.ENFORCE) -> DeployablePlan:
    """Three machines in a row with short windows."""
    ways = recovery(
        allow=allow,
        mode=mode,
        on_exhausted=on_exhausted,
        restart=rung(restarts, 300.0, delay=2.0, max_delay=30.0, verify=20.0),
        reboot=rung(2, 900.0, delay=5.0, max_delay=60.0, verify=60.0),
        relaunch=rung(2, 3600.0, delay=10.0, max_delay=60.0, verify=120.0),
        relaunch_deployable=rung(2, 7200.0, delay=10.0, max_delay=60.0, verify=300.0),
    )

    def patient(plan: AssemblyPlan) -> AssemblyPlan:
        return replace(plan, monitor=MonitorPlan(silence=20.0), recovery=ways)

    follows = {"configure": "#!/bin/sh", "parameters": (("DB", "${db.address}"),)}
    site = resource("site", url="http://${web.address}/", agent=False, restarts="apache", recovery=ways)
    plan = deployable(
        patient(assembly("db", resource("mysqld", port=3306, recovery=ways), resource("backup", recovery=ways), volumes=True)),
        patient(assembly("app", resource("php", port=9000, recovery=ways), after=("db",), **follows)),
        patient(assembly("web", resource("apache", recovery=ways), site, after=("app",))),
    )
    return replace(plan, recovery=ways)


def changed(plan: DeployablePlan, name: str, **fields: object) -> DeployablePlan:
    """The plan with some fields of one assembly changed."""
    return replace(plan, assemblies=tuple(replace(each, **fields) if each.name == name else each for each in plan.assemblies))  # type: ignore[arg-type]


def without(plan: DeployablePlan, name: str) -> DeployablePlan:
    """The plan without one assembly, on which others depend no more."""
    left = [replace(each, after=tuple(other for other in each.after if other != name)) for each in plan.assemblies if each.name != name]
    return replace(plan, assemblies=tuple(replace(each, parameters=()) if each.name == "app" and name == "db" else each for each in left))


def with_another_agent(plan: DeployablePlan) -> DeployablePlan:
    web = plan.assembly("web")
    if web is None:
        return plan
    apache = replace(web.resources[0], agent=ProcessAgent("apache --quick"))
    return changed(plan, "web", resources=(apache, *web.resources[1:], replace(apache, name="metrics", agent=ProcessAgent("metrics"))))


CHANGES: dict[str, Callable[[DeployablePlan], DeployablePlan]] = {
    "an interval": lambda plan: changed(plan, "db", monitor=MonitorPlan(interval=3.0, silence=20.0)),
    "an image": lambda plan: changed(plan, "db", image="debian-13"),
    "another image": lambda plan: changed(plan, "web", image="debian-13"),
    "a configuration": lambda plan: changed(plan, "app", configure="#!/bin/sh\ntrue"),
    "an agent": with_another_agent,
    "no database": lambda plan: without(plan, "db"),
    "no server": lambda plan: without(plan, "web"),
    "a cache": lambda plan: replace(plan, assemblies=(*plan.assemblies, replace(plan.assemblies[0], name="cache", after=()))),
    "the order": lambda plan: replace(plan, assemblies=tuple(replace(each, after=()) for each in reversed(plan.assemblies))),
}
"""What another spec may say: each makes a plan of a plan, and may not be made twice of the same."""

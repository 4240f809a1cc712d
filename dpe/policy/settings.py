"""When the plan changes: what is new gets a state, what stays keeps its own (windows and recoveries included).

Rules: an assembly that left the plan while it has a machine, or may have one, stays under its last plan until it is taken down: a changed
file never orphans a machine.
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy.turn import Turn
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Stage


def adopt_plan(state: DeployableState, plan: DeployablePlan) -> DeployableState:
    """The state under a new plan."""
    plan = with_leaving(state, plan)
    assemblies = {each.name: fit(state.assemblies.get(each.name, AssemblyState()), each) for each in plan.assemblies}
    return replace(state, plan=plan, assemblies=assemblies)


def with_leaving(state: DeployableState, plan: DeployablePlan) -> DeployablePlan:
    """The plan with those that left it and are not gone yet, after all others."""
    names = [each.name for each in plan.assemblies]
    before = state.plan.assemblies if state.plan is not None else ()
    leaving = [each for each in before if each.name not in names and not gone(state.assemblies[each.name])]
    names += [each.name for each in leaving]
    kept = tuple(replace(each, after=tuple(name for name in each.after if name in names)) for each in leaving)
    return replace(plan, assemblies=(*plan.assemblies, *kept)) if kept else plan


def gone(state: AssemblyState) -> bool:
    """Whether nothing of it is left at any cloud."""
    return state.stage in {Stage.ABSENT, Stage.WAITING} and not state.retired and not state.twins


def fit(state: AssemblyState, plan: AssemblyPlan) -> AssemblyState:
    """An assembly's state with exactly the resources and probes of its plan."""
    resources = {each.name: state.resources.get(each.name, ResourceState()) for each in plan.resources}
    for each in plan.resources:
        keys = {check.key for check in each.checks} | {""}
        old = resources[each.name]
        kept = {key: probe for key, probe in old.probes.items() if key in keys}
        if len(kept) != len(old.probes):
            resources[each.name] = replace(old, probes=kept)
    return replace(state, resources=resources)


def clear_assembly(turn: Turn, name: str) -> None:
    """Back to nothing: no instance, empty windows. What must never be reused or forgotten stays."""
    old = turn[name]
    turn.update(
        name,
        **{
            field: getattr(AssemblyState(), field)
            for field in AssemblyState.__dataclass_fields__
            if field not in {"generation", "resources", "retired", "discard", "discard_at", "since"}
        },
    )
    turn.update(
        name,
        stage=Stage.ABSENT,
        since=turn.at,
        resources={each.name: ResourceState(since=turn.at) for each in turn.plan_of(name).resources if each.name in old.resources},
    )

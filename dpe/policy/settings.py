"""When the plan changes: what is new gets a state, what stays keeps its own (windows and recoveries included)."""

from __future__ import annotations

from dataclasses import replace

from dpe.policy.turn import Turn
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Stage


def adopt_plan(state: DeployableState, plan: DeployablePlan) -> DeployableState:
    """The state under a new plan. Assemblies that left the plan are kept only while they still have something to take down."""
    assemblies = {each.name: fit(state.assemblies.get(each.name, AssemblyState()), each) for each in plan.assemblies}
    return replace(state, plan=plan, assemblies=assemblies)


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
            if field not in {"generation", "resources", "retired", "discard", "since"}
        },
    )
    turn.update(
        name,
        stage=Stage.ABSENT,
        since=turn.at,
        resources={each.name: ResourceState(since=turn.at) for each in turn.plan_of(name).resources if each.name in old.resources},
    )

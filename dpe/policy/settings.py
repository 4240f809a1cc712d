"""When the spec changes: each assembly lives by its own plan until the turn of the new one comes.

Rules:
- What disturbs nothing is taken up at once; an assembly whose change does is kept in ``outgoing`` with the plan that it lives by, whole,
  and so is one that has left the spec: a changed file never orphans a machine.
- The plan in effect is the spec's, with those in the places of theirs. It stands in an order in which each comes after those that it is
  after, however the old and the new order contradict each other.
- What stays keeps its state, windows and recoveries included; a plan that a new controller loads is the one of before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dpe.policy.altering import replace
from dpe.policy.differing import effect
from dpe.policy.turn import Turn
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Effect, Stage

FORGIVEN = {"blocked": "", "exhausted": False, "denied": "", "held": "", "decision": "", "reboots": (), "relaunches": ()}
"""What stood in the way of launching an assembly by the plan of before is over."""


def adopt_plan(state: DeployableState, target: DeployablePlan) -> DeployableState:
    """The state under the plan of another spec, or, where it has none, under that which it had when it was stored."""
    lived_by = state.plan.assemblies if state.plan is not None else state.outgoing
    outgoing = tuple(each for each in lived_by if stays(state.assemblies[each.name], each, target.assembly(each.name)))
    plan = in_effect(target, outgoing)
    known = {each.name: each for each in lived_by}
    assemblies = {}
    for each in plan.assemblies:
        old = state.assemblies.get(each.name, AssemblyState())
        anew = each.name in known and each != known[each.name] and gone(old)
        assemblies[each.name] = fit(replace(old, **FORGIVEN) if anew else old, each)
    to_fence = tuple(name for name in state.to_fence if name in assemblies)
    return replace(state, plan=plan, target=target, outgoing=outgoing, assemblies=assemblies, to_fence=to_fence)


def stays(state: AssemblyState, old: AssemblyPlan, new: AssemblyPlan | None) -> bool:
    """Whether an assembly goes on living by its old plan: it has a machine, or may have one, and the new plan would disturb it."""
    if gone(state):
        return False
    return new is None or effect(old, new) is not Effect.NOTHING


def gone(state: AssemblyState) -> bool:
    """Whether nothing of it is left at any cloud that we have made; an adopted machine is let go."""
    without = state.instance is None or state.adopted
    return state.stage in {Stage.ABSENT, Stage.WAITING} and without and not state.retired and not state.twins


def in_effect(target: DeployablePlan, outgoing: Sequence[AssemblyPlan]) -> DeployablePlan:
    """The spec's plan with those that live by an older one; the very same object where there are none."""
    if not outgoing:
        return target
    plans = {each.name: each for each in target.assemblies} | {each.name: each for each in outgoing}
    found: dict[str, AssemblyPlan] = {}
    for name in plans:
        place(name, plans, found, ())
    return replace(target, assemblies=tuple(found.values()))


def place(name: str, plans: Mapping[str, AssemblyPlan], found: dict[str, AssemblyPlan], above: tuple[str, ...]) -> None:
    """Put an assembly behind all that it is after. One that is still being placed above it would be a circle: that tie is left out."""
    if name in found:
        return
    known = tuple(other for other in plans[name].after if other in plans and other != name and other not in above)
    for other in known:
        place(other, plans, found, (*above, name))
    plan = plans[name]
    found[name] = plan if known == plan.after else replace(plan, after=known)


def fit(state: AssemblyState, plan: AssemblyPlan) -> AssemblyState:
    """An assembly's state with exactly the resources and probes of its plan."""
    resources = {each.name: state.resources.get(each.name, ResourceState()) for each in plan.resources}
    for each in plan.resources:
        keys = {check.key for check in each.checks} | ({""} if each.agent is not None else set())
        old = resources[each.name]
        kept = {key: probe for key, probe in old.probes.items() if key in keys}
        if len(kept) != len(old.probes):
            resources[each.name] = replace(old, probes=kept)
    return replace(state, resources=resources)


def drop_gone(turn: Turn) -> None:
    """Forget those that have left the spec and of which nothing is left."""
    if not turn.root.outgoing:
        return
    names = [each.name for each in turn.root.outgoing if turn.leaves(each.name)]
    left = [name for name in names if gone(turn[name])]
    for name in left:
        del turn.assemblies[name]
    if left:
        replan(turn, tuple(each for each in turn.root.outgoing if each.name not in left))


def replan(turn: Turn, outgoing: tuple[AssemblyPlan, ...]) -> None:
    """Only these live by an older plan from now on; the assemblies' states stand in the plan's order."""
    if turn.root.target is None:
        raise ValueError(f"{turn.state.name} has no plan")
    turn.change_plan(in_effect(turn.root.target, outgoing), outgoing)


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

"""The working copy of one ``step``: what the rules read and write before it becomes the next state.

Rules: a Turn lives within one call of ``step``; the state that came in is never changed; what is written is compared first, so that
``version`` counts real changes only and an unchanged state goes out as the very object that came in. Within a turn the resources of an
assembly are one mapping, written in place: an assembly's state that was read before a write shows it.
"""

from __future__ import annotations

from typing import Any, ClassVar
from zlib import crc32

from dpe.policy.altering import altered, differs
from pcloud.model.actions import Decision, Order, Report
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ResourcePlan
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Desired


class Index:
    """The targets of a plan by name; kept from step to step, because plans hardly ever change and are looked into all the time."""

    __slots__ = ("assemblies", "plan", "resources", "restarters", "upstream")
    _last: ClassVar[dict[str, Index]] = {}

    def __init__(self, plan: DeployablePlan) -> None:
        self.plan = plan
        self.assemblies = {each.name: each for each in plan.assemblies}
        self.resources = {(each.name, resource.name): resource for each in plan.assemblies for resource in each.resources}
        self.upstream = {each.name: upstream(plan, each) for each in plan.assemblies}
        self.restarters = restarters(plan)

    @classmethod
    def of(cls, plan: DeployablePlan) -> Index:
        """The index of a plan; made anew where the deployable's plan is another one than last time."""
        known = cls._last.get(plan.name)
        if known is None or known.plan is not plan:
            known = cls._last[plan.name] = cls(plan)
        return known


def upstream(plan: DeployablePlan, of: AssemblyPlan) -> tuple[str, ...]:
    """All that an assembly comes after, directly or not, in the plan's order."""
    needed = set(of.after)
    for each in reversed(plan.assemblies):
        if each.name in needed:
            needed.update(each.after)
    return tuple(each.name for each in plan.assemblies if each.name in needed)


def restarters(plan: DeployablePlan) -> dict[tuple[str, str], tuple[str, ...]]:
    """The check-only resources that have another one restarted, by that one."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for each in plan.assemblies:
        for resource in each.resources:
            if resource.restarts:
                found[each.name, resource.restarts] = (*found.get((each.name, resource.restarts), ()), resource.name)
    return found


class Turn:
    """One evaluation. ``at`` is now, on the deployable's own clock."""

    __slots__ = (
        "_approved",
        "_decided",
        "_index",
        "_own",
        "assemblies",
        "at",
        "desired",
        "orders",
        "plan",
        "root",
        "serial",
        "state",
        "version",
        "wall",
    )

    def __init__(self, state: DeployableState, plan: DeployablePlan, at: float, wall: float) -> None:
        self.state = state
        self.root = state  # the deployable's own fields; its assemblies, its serial and what is desired stand beside it
        self.plan = plan
        self._index = Index.of(plan)
        self.at = at
        self.wall = wall
        self.assemblies = dict(state.assemblies)
        self.desired = state.desired
        self.orders: list[Order] = []
        self.serial = state.serial
        self.version = 0
        self._own: dict[str, dict[str, ResourceState]] = {}  # mappings made in this turn, which may be written in place
        self._approved: list[tuple[str, str]] = []
        self._decided: dict[tuple[str, str], int] = {}  # where in ``orders`` the first decision about each target stands

    def plan_of(self, assembly: str) -> AssemblyPlan:
        """The plan of an assembly that is known to be there."""
        return self._index.assemblies[assembly]

    def resource_plan(self, assembly: str, resource: str) -> ResourcePlan:
        """The plan of a resource that is known to be there."""
        return self._index.resources[assembly, resource]

    def target_of(self, assembly: str) -> AssemblyPlan | None:
        """The spec's plan of an assembly; None for one that has left it."""
        return self.root.target.assembly(assembly) if self.root.target is not None else None

    def lives_by_older(self, assembly: str) -> bool:
        """Whether the assembly lives by an older plan than the spec's, or has left it."""
        return any(each.name == assembly for each in self.root.outgoing)

    def leaves(self, assembly: str) -> bool:
        """Whether the assembly has left the spec."""
        return self.lives_by_older(assembly) and self.target_of(assembly) is None

    def change_plan(self, plan: DeployablePlan, outgoing: tuple[AssemblyPlan, ...]) -> None:
        """Live by this plan from now on; the states of the assemblies stand in its order."""
        self.plan = plan
        self._index = Index.of(plan)
        self.assemblies = {each.name: self.assemblies[each.name] for each in plan.assemblies}
        to_fence = tuple(name for name in self.root.to_fence if name in self.assemblies)
        self.update_root(plan=plan, outgoing=outgoing, to_fence=to_fence)

    def upstream(self, assembly: str) -> tuple[str, ...]:
        """All that an assembly comes after, directly or not, in the plan's order."""
        return self._index.upstream[assembly]

    def restarters(self, assembly: str, resource: str) -> tuple[str, ...]:
        """The check-only resources that have this one restarted."""
        return self._index.restarters.get((assembly, resource), ())

    def __getitem__(self, assembly: str) -> AssemblyState:
        return self.assemblies[assembly]

    def update(self, assembly: str, **changes: Any) -> AssemblyState:
        """Write fields of an assembly."""
        old = self.assemblies[assembly]
        if not differs(old, changes):
            return old
        new = altered(old, changes)
        self.assemblies[assembly] = new
        self.version += 1
        return new

    def resource(self, assembly: str, resource: str) -> ResourceState:
        """One resource's state."""
        return self.assemblies[assembly].resources[resource]

    def update_resource(self, assembly: str, resource: str, **changes: Any) -> ResourceState:
        """Write fields of a resource."""
        owner = self.assemblies[assembly]
        old = owner.resources[resource]
        if not differs(old, changes):
            return old
        new = altered(old, changes)
        if self._own.get(assembly) is owner.resources:
            self._own[assembly][resource] = new
        else:
            self._own[assembly] = {**owner.resources, resource: new}
            self.assemblies[assembly] = altered(owner, {"resources": self._own[assembly]})
        self.version += 1
        return new

    def update_root(self, **changes: Any) -> None:
        """Write the deployable's own fields."""
        if differs(self.root, changes):
            self.root = altered(self.root, changes)
            self.version += 1

    def desire(self, desired: Desired) -> None:
        """Write what the operator wants."""
        if desired is not self.desired:
            self.desired = desired
            self.version += 1

    def order(self, order: Order) -> None:
        """Give an order to the shell."""
        self.orders.append(order)

    def next_id(self) -> str:
        """A name for an action or decision that this deployable has not used before."""
        self.serial += 1
        return f"{self.state.name}.{self.serial}"

    def approve(self, assembly: str, resource: str) -> None:
        """Somebody has said yes to whatever is decided about a target in this turn."""
        self._approved.append((assembly, resource))

    def approves(self, assembly: str, resource: str) -> bool:
        """Whether somebody has."""
        return (assembly, resource) in self._approved

    def decide(self, decision: Decision, reason: str, *, assembly: str = "", resource: str = "", alert: bool = False, of: str = "") -> str:
        """Record why something is done or not done; returns the id of the decision.

        ``of`` is the decision of the recovery that it is a part of, if there is one: whose id all events of it carry (policy.md section 7).
        """
        self._decided.setdefault((assembly, resource), len(self.orders))
        self.order(Report("decided", assembly, resource, reason=reason, decision=of or decision.id, record=decision, alert=alert))
        return decision.id

    def change(self, assembly: str, resource: str, before: str, after: str, reason: str, decision: str) -> None:
        """Write down that a target is shown by another word: in what was decided about it in this turn, else as a line of its own."""
        decided = self._decided.get((assembly, resource))
        if decided is None:
            self.order(Report("changed", assembly, resource, before, after, reason, decision))
        else:
            self.orders[decided] = altered(self.orders[decided], {"before": before, "after": after})

    def report(self, kind: str, reason: str, *, assembly: str = "", resource: str = "", decision: str = "", alert: bool = False) -> None:
        """Write a line into the journal."""
        self.order(Report(kind, assembly, resource, reason=reason, decision=decision, alert=alert))

    def jitter(self, target: str, count: int) -> float:
        """The factor on a delay: 1 to 1 + jitter, the same for the same seed, target and count (policy.md sections 3.4 and 8)."""
        spread = crc32(f"{self.state.seed}/{target}/{count}".encode()) / 2**32
        return 1.0 + self.state.jitter * spread

    def so_far(self) -> DeployableState:
        """The state with all that was written; the old object itself if nothing was."""
        if self.version == 0 and self.serial == self.state.serial:
            return self.state
        return altered(self.root, {"desired": self.desired, "assemblies": self.assemblies, "serial": self.serial})

    def finish(self, wake_at: float | None) -> DeployableState:
        """The next state, which is to be looked at again at ``wake_at``; the old object itself if nothing was written."""
        if self.version == 0 and self.serial == self.state.serial and wake_at == self.state.wake_at:
            return self.state
        changes = {"desired": self.desired, "assemblies": self.assemblies, "serial": self.serial, "wake_at": wake_at}
        return altered(self.root, changes)

"""The agents of one deployable: as many as there are instances to watch, each told what to look at, its sightings made events.

Rules: level-triggered. After every step the agents are made to fit the state: one for each instance that is there, none for those that are
gone, and a new plan where what is to be watched has changed (an address in an http check, say). Who is stale watches nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dpe.policy.dependencies import values
from dpe.shell.clock import Clock
from dpe.shell.facts import Fact
from dpe.shell.secrets import Secrets
from dpe.shell.surroundings import Surroundings
from pcloud.model.events import PROBE_EVENTS, ContactBlurred, ContactLost, ContactMade, GuestStopping, ProvisionFinished, ServerAnswered
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, HttpCheck, ResourcePlan
from pcloud.model.ports import (
    Agent,
    ContactMissed,
    ContactSeen,
    ContactUnclear,
    ProbeSeen,
    ProvisionSeen,
    ServerSeen,
    Sighting,
    StoppingSeen,
)
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Stage, Verdict
from pcloud.spec.references import resolve

NEVER = -1e9  # a last sign of life long before any clock of ours began: there was none that we know of
UNWATCHED = {Stage.ABSENT, Stage.WAITING, Stage.LAUNCHING, Stage.DESTROYING}


@dataclass(slots=True)
class Watched:
    """One agent at work."""

    instance: Instance
    plan: AssemblyPlan
    agent: Agent
    task: asyncio.Task[None]
    since: float  # on the deployable's clock
    configured: tuple[tuple[str, str], ...]  # the parameters that its probes run with


class Watchers:
    """Keeps the agents fitting the state. ``post`` takes the facts."""

    def __init__(
        self, surroundings: Surroundings, clock: Clock, tasks: asyncio.TaskGroup, secrets: Secrets, post: Callable[[Fact], None]
    ) -> None:
        self._around = surroundings
        self._secrets = secrets
        self._clock = clock
        self._tasks = tasks
        self._post = post
        self._watched: dict[str, Watched] = {}

    def fit(self, state: DeployableState) -> None:
        """Start, stop and instruct agents so that they fit the state."""
        ours = {} if state.stale else state.assemblies
        for name in [name for name, watched in self._watched.items() if not fits(ours.get(name), watched)]:
            self._watched.pop(name).task.cancel()
        for name, assembly in ours.items():
            if assembly.instance is not None and assembly.stage not in UNWATCHED:
                self._watch(state, name, assembly.instance)

    def _watch(self, state: DeployableState, name: str, instance: Instance) -> None:
        """Have the agent of one instance look at what the plan says now."""
        declared = state.plan.assembly(name) if state.plan is not None else None
        if declared is None:
            return
        plan, configured = resolved(state, declared), state.assemblies[name].configured or ()
        environment = partial(self._environment, plan, configured)
        known = self._watched.get(name)
        if known is not None:
            if (known.plan, known.configured) != (plan, configured):
                known.plan, known.configured = plan, configured
                known.agent.watch(plan, environment)
            return
        agent = self._around.agents(state.name, plan, instance, partial(self._report, name, instance.generation))
        agent.watch(plan, environment)
        task = self._tasks.create_task(agent.run(), name=f"agent {state.name}/{name}")
        self._watched[name] = Watched(instance, plan, agent, task, self._clock.now(), configured)

    def _environment(self, plan: AssemblyPlan, configured: tuple[tuple[str, str], ...]) -> dict[str, str]:
        """What its services are looked at with: as they are started."""
        return {**dict(configured), **self._secrets.at_hand(plan)}

    def agent(self, assembly: str, generation: int) -> Agent | None:
        """The agent of an assembly, if it is that generation's."""
        watched = self._watched.get(assembly)
        return watched.agent if watched is not None and watched.instance.generation == generation else None

    def any_agent(self, assembly: str) -> Agent | None:
        """The agent of an assembly, whichever generation."""
        watched = self._watched.get(assembly)
        return watched.agent if watched is not None else None

    def probe_again(self) -> None:
        """Have everything probed and reported once more: something that was reported may be lost."""
        for watched in self._watched.values():
            watched.agent.probe_again()

    def _report(self, assembly: str, generation: int, sighting: Sighting) -> None:
        """Make an event of what an agent saw."""
        of: dict[str, Any] = {"assembly": assembly, "generation": generation}
        match sighting:
            case ContactSeen(boot_id=boot_id):
                self._post(Fact(ContactMade, **of, boot_id=boot_id))
            case ContactMissed(reason=reason, last_seen=last_seen):
                seen = NEVER if last_seen is None else self._clock.at(last_seen)
                self._post(Fact(ContactLost, **of, reason=reason, last_seen=seen))
            case ServerSeen():
                self._post(Fact(ServerAnswered, **of))
            case ContactUnclear(reason=reason):
                self._post(Fact(ContactBlurred, **of, reason=reason))
            case ProvisionSeen(status=status, tail=tail):
                self._post(Fact(ProvisionFinished, **of, status=status, tail=tail))
            case StoppingSeen():
                self._post(Fact(GuestStopping, **of))
            case ProbeSeen():
                self._post(probe_fact(assembly, generation, sighting))


def probe_fact(assembly: str, generation: int, seen: ProbeSeen) -> Fact:
    """The fact of a probe's result."""
    more: dict[str, Any] = {}
    if seen.verdict is Verdict.PENDING:
        more["patience"] = seen.patience
    elif seen.verdict is Verdict.PASSED:
        more["restarts"] = seen.restarts
    return Fact(
        PROBE_EVENTS[seen.verdict],
        assembly=assembly,
        generation=generation,
        resource=seen.resource,
        probe=seen.key,
        reason=seen.reason,
        **more,
    )


def fits(assembly: AssemblyState | None, watched: Watched) -> bool:
    """Whether an agent is still the right one. A machine that boots gets a new one, which does not wait for its next slow attempt."""
    if assembly is None or assembly.instance != watched.instance or assembly.stage in UNWATCHED:
        return False
    return not (assembly.stage is Stage.BOOTING and watched.since < assembly.since)


def resolved(state: DeployableState, plan: AssemblyPlan) -> AssemblyPlan:
    """The plan with the references in its http checks replaced; checks that refer to what has no value yet are left out."""
    known = values(state, state.assemblies)
    return replace(plan, resources=tuple(resolved_resource(each, known) for each in plan.resources))


def resolved_resource(plan: ResourcePlan, known: dict[tuple[str, str], str]) -> ResourcePlan:
    """The same for one resource."""
    checks = []
    for check in plan.checks:
        if isinstance(check.what, HttpCheck):
            url, contains = resolve(check.what.url, known), resolve(check.what.contains, known)
            if url is None or contains is None:
                continue
            checks.append(replace(check, what=replace(check.what, url=url, contains=contains)))
        else:
            checks.append(check)
    return replace(plan, checks=tuple(checks))

"""What an action does in its machine: steps, each done once under an id of its own (policy.md section 6).

Rules:
- An id is the controller's, the deployable's life, the action's and the step's name: the same for whoever does the action again, and nobody
  else's. Who does a step again gets what became of it.
- Where the connection breaks in the middle of a step, nothing is known of it: it is asked about as soon as there is another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from dpe.shell.facts import Fact
from pcloud.errors import PcloudError
from pcloud.model.actions import Action, ConfigureAssembly, RestartResource, StartResources, StopResources
from pcloud.model.events import ActionDone, ActionFailed, ActionRefused, StopFailed
from pcloud.model.plan import AssemblyPlan, ResourcePlan
from pcloud.model.ports import Agent, Outcome
from pcloud.model.words import Verdict

RECONNECTING = 60.0  # seconds for the connection to come back: after as many a machine that is gone is judged (policy.md section 4)
PAUSE = 0.5  # seconds before the next try on a connection that has just broken

Environment = Mapping[str, str]


class Guest:
    """One action's hands in its machine. ``agent`` gives the machine's agent, None without one; ``contact`` returns when it answers."""

    def __init__(self, name: str, agent: Callable[[], Agent | None], contact: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._agent = agent
        self._contact = contact
        self._step = ""

    async def start(self, resource: ResourcePlan, given: Environment) -> Outcome:
        """Start a service."""
        return await self._once(f"start.{resource.name}", lambda agent, step: agent.start(resource, given, step))

    async def stop(self, resource: ResourcePlan, given: Environment, step: str = "stop") -> Outcome:
        """Stop a service."""
        return await self._once(f"{step}.{resource.name}", lambda agent, step: agent.stop(resource, given, step))

    async def execute(self, script: str, given: Environment, timeout: float, step: str) -> Outcome:
        """Run a script."""
        return await self._once(step, lambda agent, step: agent.execute(script, given, timeout, step))

    async def running(self, resource: ResourcePlan) -> Verdict:
        """Whether a service runs."""
        agent = self._agent()
        return await agent.running(resource) if agent is not None else Verdict.UNKNOWN

    def give_up(self) -> None:
        """What is being done now is not wanted any more."""
        agent = self._agent()
        if agent is not None and self._step:
            agent.give_up(self._step)

    async def _once(self, step: str, do: Callable[[Agent, str], Awaitable[Outcome]]) -> Outcome:
        """Do a step, and ask what became of it where the connection breaks."""
        self._step = f"{self._name}.{step}"
        patience: float | None = None
        while True:
            agent = self._agent()
            outcome = await do(agent, self._step) if agent is not None else Outcome(None, "no agent of this generation any more", lost=True)
            now = asyncio.get_running_loop().time()
            patience = now + RECONNECTING if patience is None else patience
            if not outcome.lost or now >= patience:
                return outcome
            await asyncio.sleep(PAUSE)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(patience):
                    await self._contact()


async def configure(action: ConfigureAssembly, guest: Guest, plan: AssemblyPlan, given: Environment) -> Fact:
    """Run the assembly's configure script."""
    return judged(action, await guest.execute(plan.configure, given, action.timeout, "configure"))


async def restart(action: RestartResource, guest: Guest, plan: AssemblyPlan, given: Environment) -> Fact:
    """Stop and start."""
    resource = named(plan, action.resource)
    stopped = await guest.stop(resource, given)
    if stopped.lost:
        return Fact(ActionFailed, action=action.id, reason=said(stopped))
    if not stopped.ok:  # a reboot, which a failed stop leads to, does not cure what no retry can
        return Fact(ActionRefused if stopped.hard else StopFailed, action=action.id, reason=said(stopped))
    return judged(action, await guest.start(resource, given))


async def start_all(action: StartResources, guest: Guest, plan: AssemblyPlan, given: Environment) -> Fact:
    """Start each of them in order. What cannot be mended keeps the others from nothing; where no probe tells of it, this does."""
    for former in action.former:
        outcome = await guest.stop(former, given, "stop-former")
        if not outcome.ok:
            return Fact(ActionFailed, action=action.id, reason=f"{former.name}, as it was, does not stop: {said(outcome)}")
    refused = []
    for name in action.resources:
        resource = named(plan, name)
        outcome = await guest.stop(resource, given) if action.restart else Outcome(0)
        if outcome.ok:
            outcome = await guest.start(resource, given)
        if not outcome.ok and not outcome.hard:
            return Fact(ActionFailed, action=action.id, reason=f"{name}: {said(outcome)}")
        if outcome.hard and await guest.running(resource) is not Verdict.BROKEN:
            refused.append(f"{name}: {said(outcome)}")
    if refused:
        return Fact(ActionRefused, action=action.id, reason="; ".join(refused))
    return Fact(ActionDone, action=action.id)


async def stop_all(action: StopResources, guest: Guest, plan: AssemblyPlan, given: Environment) -> Fact:
    """Stop each of them, whatever became of the others."""
    failed = []
    for name in action.resources:
        outcome = await guest.stop(named(plan, name), given)
        if not outcome.ok:
            failed.append(f"{name}: {said(outcome)}")
    if failed:
        return Fact(ActionFailed, action=action.id, reason="; ".join(failed))
    return Fact(ActionDone, action=action.id)


def judged(action: Action, outcome: Outcome) -> Fact:
    """The fact of an action that had one outcome."""
    if outcome.ok:
        return Fact(ActionDone, action=action.id)
    return Fact(ActionRefused if outcome.hard else ActionFailed, action=action.id, reason=said(outcome))


def said(outcome: Outcome) -> str:
    """An outcome's reason with the last line of what it printed, on one line."""
    last = last_line(outcome)
    reason = outcome.reason or f"ended with {outcome.status}"
    return f"{reason}: {last}" if last not in reason else reason


def last_line(outcome: Outcome) -> str:
    """The last line of what it printed."""
    return next((line.strip() for line in reversed(outcome.output.splitlines()) if line.strip()), "")


def named(plan: AssemblyPlan, name: str) -> ResourcePlan:
    """A resource that the plan must still hold."""
    resource = plan.resource(name)
    if resource is None:
        raise PcloudError(f"{plan.name}/{name} is no longer in the spec")
    return resource

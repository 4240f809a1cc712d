"""Doing what the policy ordered: one coroutine an action, each ending in exactly one event.

Rules: what fails in the managed world comes back as ActionFailed; only a bug raises. Each action has its own time; where services are
started and stopped it is the time in which the machine must be in contact, for each start and each stop has the service's own, which the
agent keeps. An action that was open when the controller died (``resumed``) looks first whether it was done already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from dpe.shell.commanding import run_here
from dpe.shell.facts import Fact
from dpe.shell.machines import Machines
from dpe.shell.secrets import Secrets
from pcloud.errors import HardInfrastructureError, PcloudError, SecretError
from pcloud.limits import time_limit
from pcloud.model.actions import (
    Action,
    ConfigureAssembly,
    DestroyInstance,
    DiscardInstance,
    FenceInstance,
    LaunchInstance,
    MachineAction,
    RebootAssembly,
    RestartResource,
    ServiceAction,
    StartResources,
    StopResources,
    StopTwin,
)
from pcloud.model.events import ActionDone, ActionFailed, ActionRefused, InstanceFenced, InstanceLaunched, InstanceMissing, StopFailed
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ResourcePlan
from pcloud.model.ports import Agent, Outcome
from pcloud.model.words import Verdict

SEEN_AGAIN = 45.0  # seconds for a machine that a dead controller may have rebooted to answer: what most take to boot
PACKAGES = 600.0  # seconds that a soft reboot waits for packages that are being changed: policy.md section 1, dpkg's lock
REBOOT_COMMAND = 60.0  # a power switch answers within seconds or not at all


class Performer:
    """Performs the actions of one deployable. ``agent`` gives the agent of an assembly of a generation, None without one;
    ``contact`` returns when there is contact with an assembly; ``boot_id`` is the one that it was last seen with; ``configured`` are the
    parameters that it was last configured with.
    """

    def __init__(
        self,
        plan: Callable[[], DeployablePlan],
        machines: Machines,
        secrets: Secrets,
        agent: Callable[[str, int], Agent | None],
        boot_id: Callable[[str], str],
        contact: Callable[[str], Awaitable[None]],
        configured: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._plan = plan
        self._machines = machines
        self._secrets = secrets
        self._agent = agent
        self._boot_id = boot_id
        self._contact = contact
        self._configured = configured

    async def perform(self, action: Action, *, resumed: bool) -> Fact:
        """Do it and say what became of it."""
        try:
            if isinstance(action, ServiceAction):
                async with time_limit(action.timeout):
                    await self._contact(action.assembly)
                return await self._do_to_services(action, resumed=resumed)
            if isinstance(action, RebootAssembly) and not action.hard and not resumed:
                await self._await_packages(action)
            async with time_limit(action.timeout):
                return await self._do(action, resumed=resumed)
        except TimeoutError:
            return Fact(ActionFailed, action=action.id, reason=f"not done after {action.timeout:g}s")
        except (HardInfrastructureError, SecretError) as error:
            return Fact(ActionRefused, action=action.id, reason=str(error))
        except PcloudError as error:
            return Fact(ActionFailed, action=action.id, reason=str(error))

    async def _do(self, action: MachineAction, *, resumed: bool) -> Fact:
        match action:
            case ConfigureAssembly():
                return await self._configure(action)
            case RebootAssembly():
                return await self._reboot(action, resumed=resumed)
            case FenceInstance():
                return await self._fence(action)
            case LaunchInstance():
                made = await self._machines.launch(
                    self._assembly(action.assembly), action.infrastructure, action.generation, resumed=resumed
                )
                return Fact(InstanceLaunched, action=action.id, instance=made)
            case DestroyInstance():
                await self._machines.destroy_all(action.infrastructure, action.assembly, action.generation, action.instance)
            case DiscardInstance():
                await self._machines.destroy(action.infrastructure, action.instance_id)
            case StopTwin():
                await self._machines.stop(action.infrastructure, action.instance_id)
        return Fact(ActionDone, action=action.id)

    def _assembly(self, name: str) -> AssemblyPlan:
        """The plan of an assembly; one that left the plan meanwhile cannot be acted on."""
        plan = self._plan().assembly(name)
        if plan is None:
            raise PcloudError(f"{name} is no longer in the spec")
        return plan

    async def _fence(self, action: FenceInstance) -> Fact:
        """Keep what it said last, then make sure that it is off."""
        console = await self._machines.console(action.instance)
        if not await self._machines.fence(action.instance, disposable=action.disposable):
            return Fact(InstanceMissing, action=action.id)
        return Fact(InstanceFenced, action=action.id, console=console)

    async def _await_packages(self, action: RebootAssembly) -> None:
        """A machine that is rebooted in the middle of an upgrade may not come back; a hard reboot is one that nobody can be asked about."""
        agent = self._agent(action.assembly, action.instance.generation)
        if agent is not None:
            await agent.await_packages(PACKAGES)

    async def _reboot(self, action: RebootAssembly, *, resumed: bool) -> Fact:
        """Reboot, unless its boot id shows that it has been (the answer of an earlier try was lost)."""
        plan = self._assembly(action.assembly)
        if resumed:  # what a cloud has been asked for shows within its lateness
            with suppress(TimeoutError):
                patience = SEEN_AGAIN if plan.static else min(SEEN_AGAIN, self._machines.lateness(action.instance))
                async with asyncio.timeout(patience):
                    await self._contact(action.assembly)
        if self._boot_id(action.assembly) != action.boot_id:
            return Fact(ActionDone, action=action.id)
        if not plan.static:
            await self._machines.reboot(action)
            return Fact(ActionDone, action=action.id)
        outcome = await self._reboot_static(plan, action)
        if outcome.ok and action.hard:
            return Fact(ActionDone, action=action.id, tail=last_line(outcome))
        return self._judged(action, outcome)

    async def _reboot_static(self, plan: AssemblyPlan, action: RebootAssembly) -> Outcome:
        """A machine of no cloud: by its own shell while it answers, else by the command that the spec names."""
        agent = self._agent(action.assembly, action.instance.generation)
        if agent is not None and not action.hard:
            return await agent.execute("(sleep 1; systemctl reboot || reboot) >/dev/null 2>&1 &", {}, REBOOT_COMMAND)
        if not plan.reboot_command:
            return Outcome(None, f"{action.assembly} is silent, and the spec names no reboot command for it")
        about = {"PCLOUD_ASSEMBLY": plan.name, "PCLOUD_ADDRESS": plan.address}
        outcome = await run_here(plan.reboot_command, {**self._environment(plan), **about}, REBOOT_COMMAND)
        return outcome if outcome.ok else replace(outcome, reason=f"its reboot command {outcome.reason}")

    async def _configure(self, action: ConfigureAssembly) -> Fact:
        await self._contact(action.assembly)
        agent = self._agent(action.assembly, action.generation)
        if agent is None:
            return self._without_agent(action)
        plan = self._assembly(action.assembly)
        given = self._secrets.environment(plan, dict(action.parameters))
        return self._judged(action, await agent.execute(plan.configure, given, action.timeout))

    async def _do_to_services(self, action: ServiceAction, *, resumed: bool) -> Fact:
        agent = self._agent(action.assembly, action.generation)
        if agent is None:
            return self._without_agent(action)
        plan = self._assembly(action.assembly)
        match action:
            case RestartResource(resource=name):
                return await self._restart(action, agent, plan, name, resumed=resumed)
            case StartResources(restart=restart):
                return await self._start_all(action, agent, plan, restart=restart and not resumed)
            case StopResources(resources=names):
                return await self._stop_all(action, agent, plan, names)

    @staticmethod
    def _without_agent(action: Action) -> Fact:
        return Fact(ActionFailed, action=action.id, reason=f"no agent of {action.assembly} of this generation")

    def _environment(self, plan: AssemblyPlan) -> dict[str, str]:
        """What its services are started and stopped with: the parameters that it was configured with, and its secrets."""
        return self._secrets.environment(plan, self._configured(plan.name))

    async def _restart(self, action: RestartResource, agent: Agent, plan: AssemblyPlan, name: str, *, resumed: bool) -> Fact:
        """Stop and start; where a first try may have been made already, only make sure that it runs."""
        resource = named(plan, name)
        if not (resumed and await agent.running(resource) is Verdict.PASSED):
            stopped = await agent.stop(resource, self._environment(plan))
            if stopped.lost:
                return Fact(ActionFailed, action=action.id, reason=said(stopped))
            if not stopped.ok:  # a reboot, which a failed stop leads to, does not cure what no retry can
                return Fact(ActionRefused if stopped.hard else StopFailed, action=action.id, reason=said(stopped))
        return self._judged(action, await agent.start(resource, self._environment(plan)))

    async def _start_all(self, action: StartResources, agent: Agent, plan: AssemblyPlan, *, restart: bool) -> Fact:
        """Start each of them in order. What cannot be mended keeps the others from nothing; where no probe tells of it, this does."""
        given = self._environment(plan)
        for former in action.former:
            outcome = await agent.stop(former, given)
            if not outcome.ok:
                return Fact(ActionFailed, action=action.id, reason=f"{former.name}, as it was, does not stop: {said(outcome)}")
        refused = []
        for name in action.resources:
            resource = named(plan, name)
            outcome = await agent.stop(resource, given) if restart else Outcome(0)
            if outcome.ok:
                outcome = await agent.start(resource, given)
            if not outcome.ok and not outcome.hard:
                return Fact(ActionFailed, action=action.id, reason=f"{name}: {said(outcome)}")
            if outcome.hard and await agent.running(resource) is not Verdict.BROKEN:
                refused.append(f"{name}: {said(outcome)}")
        if refused:
            return Fact(ActionRefused, action=action.id, reason="; ".join(refused))
        return Fact(ActionDone, action=action.id)

    async def _stop_all(self, action: StopResources, agent: Agent, plan: AssemblyPlan, names: tuple[str, ...]) -> Fact:
        """Stop each of them, whatever became of the others."""
        failed = []
        for name in names:
            outcome = await agent.stop(named(plan, name), self._environment(plan))
            if not outcome.ok:
                failed.append(f"{name}: {said(outcome)}")
        if failed:
            return Fact(ActionFailed, action=action.id, reason="; ".join(failed))
        return Fact(ActionDone, action=action.id)

    @staticmethod
    def _judged(action: Action, outcome: Outcome) -> Fact:
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

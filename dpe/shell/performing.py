"""Doing what the policy ordered: one coroutine an action, each ending in exactly one event.

Rules: what fails in the managed world comes back as ActionFailed; only a bug raises. Each action has its own time; where something is done
in the machine it is the time in which that must be in contact, for each step there has its own, which the agent keeps. An action that was
open when the controller died (``resumed``) looks first whether it was done already; what is done in a machine always does (``guest``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from dpe.shell.commanding import run_here
from dpe.shell.facts import Fact
from dpe.shell.guest import Guest, configure, judged, last_line, restart, start_all, stop_all
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
    GuestAction,
    LaunchInstance,
    MachineAction,
    RebootAssembly,
    RestartResource,
    StartResources,
    StopResources,
    StopTwin,
)
from pcloud.model.events import ActionDone, ActionFailed, ActionRefused, InstanceFenced, InstanceLaunched, InstanceMissing
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.ports import Agent, Outcome

SEEN_AGAIN = 45.0  # seconds for a machine that a dead controller may have rebooted to answer: what most take to boot
PACKAGES = 600.0  # seconds that a soft reboot waits for packages that are being changed: policy.md section 1, dpkg's lock
REBOOT_COMMAND = 60.0  # a power switch answers within seconds or not at all


class Performer:
    """Performs the actions of one deployable. ``agent`` gives the agent of an assembly of a generation, None without one;
    ``contact`` returns when there is contact with an assembly; ``boot_id`` is the one that it was last seen with; ``configured`` are the
    parameters that it was last configured with; ``life`` tells the ids of this deployable's actions from all others' (policy.md section 6).
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
        life: Callable[[], str],
    ) -> None:
        self._plan = plan
        self._machines = machines
        self._secrets = secrets
        self._agent = agent
        self._boot_id = boot_id
        self._contact = contact
        self._configured = configured
        self._life = life
        self._guests: dict[str, Guest] = {}  # by the action that is being done there

    async def perform(self, action: Action, *, resumed: bool) -> Fact:
        """Do it and say what became of it."""
        try:
            if isinstance(action, GuestAction):
                return await self._in_guest(action)
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
            return Fact(InstanceMissing, action=action.id, doubt=await self._machines.doubt(action.instance))
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
        return judged(action, outcome)

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

    async def _in_guest(self, action: GuestAction) -> Fact:
        """Do it in the machine, once there is contact with it."""
        async with time_limit(action.timeout):
            await self._contact(action.assembly)
        plan = self._assembly(action.assembly)
        guest = Guest(
            f"{self._life()}.{action.id}",
            lambda: self._agent(action.assembly, action.generation),
            lambda: self._contact(action.assembly),
        )
        self._guests[action.id] = guest
        try:
            match action:
                case ConfigureAssembly():
                    given = self._secrets.environment(plan, dict(action.parameters))
                    return await configure(action, guest, plan, given)
                case RestartResource():
                    return await restart(action, guest, plan, self._environment(plan))
                case StartResources():
                    return await start_all(action, guest, plan, self._environment(plan))
                case StopResources():
                    return await stop_all(action, guest, plan, self._environment(plan))
        finally:
            del self._guests[action.id]

    def give_up(self, action_id: str) -> None:
        """Nobody wants this action any more: what it is doing in a machine ends there. Its task is cancelled by whoever says so."""
        if (guest := self._guests.get(action_id)) is not None:
            guest.give_up()

    def _environment(self, plan: AssemblyPlan) -> dict[str, str]:
        """What its services are started and stopped with: the parameters that it was configured with, and its secrets."""
        return self._secrets.environment(plan, self._configured(plan.name))

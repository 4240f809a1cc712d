"""The agent of one machine over SSH: keeps a link, turns lines into sightings, runs actions.

Rules: one task keeps the link; everything else finds it there or says "not connected" at once; the checks from the controller go on
whatever becomes of the link.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import asyncssh

from agents.bus import UnitNews
from agents.habits import Habits
from agents.outside import OutsideChecks
from agents.pending import Patience
from agents.probes import Probe, inside_probes, monitor_probe
from agents.resources import start_script, stop_script
from agents.resources.systemd import await_packages
from agents.ssh.actions import Doing, Kept, Ran, outcome_of
from agents.ssh.faults import MissedError, NotLetInError, UnclearError
from agents.ssh.habits import HabitsKept
from agents.ssh.link import Link, open_link
from agents.ssh.looks import Looks
from agents.ssh.options import public_line
from agents.ssh.pacing import Pace
from agents.ssh.reaching import reach
from agents.ssh.signals import UnitSignals
from agents.statuses import NOT_RUNNING, judged
from agents.watcher.protocol import PING, SAY_SOMETHING, Beat, Begun, Foreign, Line, Provisioned, Result, Stopping, look, probe_set
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, ResourcePlan, SystemdAgent
from pcloud.model.ports import (
    ContactMissed,
    ContactSeen,
    ContactUnclear,
    Outcome,
    ProbeSeen,
    ProvisionSeen,
    ServerSeen,
    Sighting,
    StoppingSeen,
)
from pcloud.model.words import Reach, Verdict

_UNREADABLE = 126
"""The status of a provisioning whose marker nobody can read: it has ended, and not well."""


class SshAgent:
    """Eyes and hands in one instance. Made by ``SshAgents``."""

    def __init__(
        self,
        assembly: AssemblyPlan,
        instance: Instance,
        report: Callable[[Sighting], None],
        *,
        options: Callable[[], asyncssh.SSHClientConnectionOptions],
        handshakes: asyncio.Semaphore,
        outside: OutsideChecks,
    ) -> None:
        self._instance = instance
        self._report = report
        self._options = options
        self._handshakes = handshakes
        self._outside = outside
        self._link: Link | None = None
        self._trouble = "no attempt was made yet"
        self._last_seen: float | None = None
        self._serial = 0
        self._patience = Patience()
        self._habits = HabitsKept(self.execute)
        self._unlearned = asyncio.Event()  # there may be habits that nobody has asked for
        self._hurry = asyncio.Event()  # the next attempt is not to wait
        self._looks = Looks(self._order_look)
        self._doing = Doing()
        self._signals = UnitSignals(self._hear)
        self.watch(assembly)

    # Eyes

    def watch(self, assembly: AssemblyPlan, environment: Callable[[], Mapping[str, str]] = dict) -> None:
        self._plan = assembly
        self._environment = environment
        self._outside.watch(assembly)
        self._units = {each.name: each.agent.unit for each in assembly.resources if isinstance(each.agent, SystemdAgent)}
        self._signals.watch(self._units.values())
        self._send_probes()

    def probe_again(self) -> None:
        self._outside.check_again()
        self._send_probes()

    def reach_again(self) -> None:
        self._hurry.set()

    def _send_probes(self) -> None:
        self._serial += 1
        lived = replace(self._plan, resources=tuple(self._habits.lived(each) for each in self._plan.resources))
        self._probes = inside_probes(lived, self._environment())
        self._looks.forget()
        if self._link is not None:
            self._unlearned.set()
            interval = self._plan.monitor.interval
            seed, provision = self._instance.id, not self._plan.static
            self._link.say(probe_set(self._serial, self._probes, seed=seed, heartbeat=interval, provision=provision))

    def _order_look(self, index: int) -> None:
        if self._link is not None:
            self._link.say(look(self._serial, index))

    def _hear(self, news: UnitNews) -> None:
        """A unit has changed: look at it. What ended by itself needs no looking to be known, and the look that follows confirms it."""
        for index, probe in enumerate(self._probes):
            if probe.key or self._units.get(probe.resource) != news.unit:
                continue
            if news.crashed:
                self._report(self._judged(probe, str(NOT_RUNNING), news.crashed))
            self._looks.look(index)

    def _see(self, line: Line) -> None:
        match line:
            case Result(serial, index, status, text):
                if serial == self._serial and index < len(self._probes):  # else it is a late word of an older set
                    self._looks.answered(index)
                    self._report(self._judged(self._probes[index], status, text))
            case Provisioned(status, tail):
                self._report(ProvisionSeen(int(status) if status.isdecimal() else _UNREADABLE, tail))
            case Stopping():
                self._report(StoppingSeen())
            case Begun() | Foreign() | Beat():
                pass  # the link has noted the time, and that is all they say

    def _judged(self, probe: Probe, status: str, text: str) -> ProbeSeen:
        pending = probe.pending(status, text)
        kind = "" if pending is None else pending.kind
        return self._patience.counted(probe.judge(status, text), kind, asyncio.get_running_loop().time())

    async def run(self) -> None:
        name = f"{self._plan.name} {self._instance.id}"
        async with asyncio.TaskGroup() as group:
            group.create_task(self._outside.run(), name=f"checks of {name}")
            group.create_task(self._keep_link(), name=f"link of {name}")
            group.create_task(self._signals.run(), name=f"signals of {name}")
            group.create_task(self._learn_habits(), name=f"habits of {name}")

    async def _learn_habits(self) -> None:
        """Watch by what the agents say of themselves as soon as it is known: until then by what is usual."""
        while True:
            await self._unlearned.wait()
            self._unlearned.clear()
            if await self._habits.learn(self._plan):
                self._send_probes()

    async def _keep_link(self) -> None:
        pace = Pace()
        time = asyncio.get_running_loop().time
        while True:
            began = time()
            self._hurry.clear()
            try:
                await self._live_once(pace)
            except MissedError as missed:
                self._trouble = str(missed)
                self._report(ContactMissed(str(missed), self._last_seen))
                pause = pace.missed()
            except UnclearError as unclear:
                self._trouble = str(unclear) + (self._cure() if isinstance(unclear, NotLetInError) else "")
                self._report(ContactUnclear(self._trouble))
                pause = pace.unclear()
            else:
                pause = pace.broke(time() - began)
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, unless somebody wants to know now."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    def _cure(self) -> str:
        """What lets us in to a machine that we have not launched."""
        if not self._plan.static:
            return ""
        return f"; its authorized_keys must have the line: {public_line(self._options())}"

    async def _live_once(self, pace: Pace) -> None:
        """Connect, and return when the link is broken. Raises the faults."""
        monitor = self._plan.monitor

        def answered() -> None:
            if pace.answered():
                self._report(ServerSeen())

        link = await open_link(self._instance, self._options(), monitor.timeout, self._handshakes, self._see, answered)
        try:
            self._link = link
            self._report(ContactSeen(link.boot_id))
            self._send_probes()
            self._signals.use(link.connection)
            await self._attend(link)
        finally:
            self._link = None
            self._habits.forget()
            self._signals.use(None)
            self._last_seen = link.heard
            await link.close()

    async def _attend(self, link: Link) -> None:
        """Return when the link is broken; raises MissedError when the machine has stopped answering on it."""
        time = asyncio.get_running_loop().time
        while not link.broken.done():
            monitor = self._plan.monitor
            quiet = link.heard + monitor.interval + monitor.timeout - time()
            if quiet > 0:
                await asyncio.wait({link.broken}, timeout=quiet)
            elif not await link.answers(monitor.timeout) and not link.broken.done():
                self._last_seen = link.heard
                raise MissedError(f"no answer on a living connection for {time() - link.heard:.0f}s")
            if time() - link.spoken > SAY_SOMETHING:
                link.say(PING)
        self._trouble = link.broken.result()

    # Hands

    async def start(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        if resource.agent is None:
            return Outcome(0)
        timeout = resource.action_timeout or (await self.habits(resource)).start
        kept = on_resource(resource, action_id)
        return judged(resource.agent, await self._execute(start_script(resource, timeout), environment, timeout, kept))

    async def stop(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        if resource.agent is None:
            return Outcome(0)
        if isinstance(resource.agent, SystemdAgent) and self._signals.has_crashed(resource.agent.unit):
            return Outcome(0)  # systemd has cleaned up after it; asking would cost a tenth of a second of its being away
        timeout = resource.action_timeout or (await self.habits(resource)).stop
        kept = on_resource(resource, action_id)
        return judged(resource.agent, await self._execute(stop_script(resource, timeout), environment, timeout, kept))

    async def habits(self, resource: ResourcePlan) -> Habits:
        """What the service says of its own times, for what the spec does not say."""
        return await self._habits.of(resource)

    async def running(self, resource: ResourcePlan) -> Verdict:
        probe = monitor_probe(self._habits.lived(resource))
        if probe is None:
            return Verdict.PASSED
        ran = await self._run(probe.snippet, self._environment(), probe.timeout)
        return Verdict.UNKNOWN if isinstance(ran, Outcome) else probe.judge(ran.status, ran.output).verdict

    async def await_packages(self, timeout: float) -> None:
        await self.execute(await_packages(), {}, timeout)

    async def execute(self, script: str, environment: Mapping[str, str], timeout: float, action_id: str = "") -> Outcome:
        return await self._execute(script, environment, timeout, Kept(action_id, "script") if action_id else None)

    def give_up(self, action_id: str) -> None:
        self._doing.give_up(action_id)

    async def _execute(self, script: str, environment: Mapping[str, str], timeout: float, kept: Kept | None) -> Outcome:
        return outcome_of(await self._run(script, environment, timeout, kept), timeout)

    async def _run(self, script: str, environment: Mapping[str, str], timeout: float, kept: Kept | None = None) -> Ran | Outcome:
        if self._link is None:
            return Outcome(None, f"not connected: {self._trouble}", lost=True)
        return await self._doing.run(self._link.connection, script, environment, timeout, kept)

    async def reach(self, address: str, port: int, timeout: float) -> Reach:
        if self._link is None:
            return Reach.UNABLE
        return await reach(self._link, address, port, timeout)


def on_resource(resource: ResourcePlan, action_id: str) -> Kept | None:
    """One action at a time on a resource; those without an id are not kept."""
    return Kept(action_id, f"resource {resource.name}") if action_id else None

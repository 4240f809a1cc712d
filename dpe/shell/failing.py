"""What surrounds a DPE, with failpoints: around each durable write, and around each call that an action makes.

Rules: made only where failpoints are told; nothing else knows of them. What an action asks for is known by the task that asks, which is
named for the action. A lost answer is what the real thing gives for one: the call was made, and nobody knows.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from dpe.policy.observing import opened
from dpe.shell.surroundings import Surroundings
from pcloud.errors import AmbiguousError
from pcloud.failpoints import Failpoints
from pcloud.model import actions
from pcloud.model.actions import Action, Report
from pcloud.model.events import OperatorSaid, SettingsChanged
from pcloud.model.facts import JournalFact, Taken
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan
from pcloud.model.ports import Agent, Infrastructure, Journal, Outcome, Sighting
from pcloud.model.state import DeployableState
from pcloud.model.words import Choice, Verdict

WORDS: dict[type[Action], str] = {
    actions.RestartResource: "restart",
    actions.StartResources: "start",
    actions.StopResources: "stop",
    actions.ConfigureAssembly: "configure",
    actions.RebootAssembly: "reboot",
    actions.FenceInstance: "fence",
    actions.LaunchInstance: "launch",
    actions.DestroyInstance: "destroy",
    actions.DiscardInstance: "discard",
    actions.StopTwin: "twin",
}
"""What each action is called in the names of its points."""

BY_CLASS = {kind.__name__: word for kind, word in WORDS.items()}

BROKEN = Outcome(None, "the connection broke: the answer was lost, as a failpoint was told", lost=True)
"""What an agent returns for an action whose answer it did not get."""

WITHOUT_OUTCOME: dict[str, Any] = {"running": Verdict.UNKNOWN, "await_packages": None}
"""The calls to an agent that return something else, and what when the connection breaks."""


def with_failpoints(around: Surroundings, points: Failpoints) -> Surroundings:
    """The same surroundings, which fail as told."""

    def infrastructure(name: str) -> Infrastructure:
        return cast("Infrastructure", Failing(around.infrastructure(name), points, unclear))

    def agents(deployable: str, assembly: AssemblyPlan, instance: Instance, report: Callable[[Sighting], None]) -> Agent:
        return cast("Agent", Failing(around.agents(deployable, assembly, instance, report), points, broken))

    return replace(around, journal=FailingJournal(around.journal, points), infrastructure=infrastructure, agents=agents)


def unclear(call: str) -> Any:
    """An infrastructure whose answer was lost."""
    raise AmbiguousError(f"{call}: the answer was lost, as a failpoint was told")


def broken(call: str) -> Any:
    """A machine whose answer was lost."""
    return WITHOUT_OUTCOME.get(call, BROKEN)


def acting() -> str:
    """What the action is called whose task this is; "" where it is none's."""
    task = asyncio.current_task()
    return BY_CLASS.get(task.get_name().split(" ")[0], "") if task is not None else ""


class Failing:
    """An Infrastructure or an Agent with a point before and behind every call of an action; ``lost`` stands for an answer that is lost."""

    def __init__(self, real: object, points: Failpoints, lost: Callable[[str], Any]) -> None:
        self._real = real
        self._points = points
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        action = acting()
        return self._surrounded(f"{action}.{name}", name, found) if action and inspect.iscoroutinefunction(found) else found

    def _surrounded(self, point: str, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def made(*arguments: Any, **named: Any) -> Any:
            self._points.reach(f"{point}.asked")
            answer = await call(*arguments, **named)
            return self._lost(name) if self._points.reach(f"{point}.answered") else answer

        return made


class FailingJournal:
    """A Journal with the points of what it makes durable."""

    def __init__(self, journal: Journal, points: Failpoints) -> None:
        self._journal = journal
        self._points = points
        self._open: dict[str, dict[str, str]] = {}  # by deployable: the open actions that are durable, and what they are called

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def record(
        self, state: DeployableState, *, reports: Sequence[Report], facts: Sequence[JournalFact] = (), **moment: float
    ) -> None:
        open_now = {action.id: WORDS[type(action)] for each in state.assemblies.values() for action in opened(each)}
        before = self._open.get(state.name, open_now)  # what an earlier controller left open is durable already
        begun = [word for key, word in open_now.items() if key not in before]
        ended = [word for key, word in before.items() if key not in open_now]
        said = [*words(facts), *recoveries(reports)]
        self._pass(f"{word}.decided" for word in begun)
        self._pass(f"{word}.done" for word in ended)
        self._pass(f"{what}.{early}" for what, early, _ in said)
        await self._journal.record(state, reports=reports, facts=facts, **moment)
        self._open[state.name] = open_now
        self._pass(f"{what}.{late}" for what, _, late in said)
        self._pass(f"{word}.closed" for word in ended)
        self._pass(f"{word}.stored" for word in begun)

    def _pass(self, names: Iterator[str]) -> None:
        for name in names:
            self._points.reach(name)


def words(facts: Sequence[JournalFact]) -> Iterator[tuple[str, str, str]]:
    """What of the facts an operator has said: what it is called, and its points before and behind the write."""
    for fact in facts:
        match fact:
            case Taken(event=SettingsChanged(spec=spec)) if spec:
                yield "spec", "heard", "stored"
            case Taken(event=event) if isinstance(event, OperatorSaid):
                yield "word", "heard", "stored"


def recoveries(reports: Sequence[Report]) -> Iterator[tuple[str, str, str]]:
    """What of the reports begins or ends a recovery, likewise."""
    for report in reports:
        if report.record is not None and report.record.choice is Choice.ACT:
            yield "recovery", "decided", "stored"
        if report.record is not None and report.record.choice is Choice.RECOVERED:
            yield "recovery", "verified", "over"

"""Reads a trace: text, one fact a line, ``#`` comments (interface.md, Simulate).

Rules:
- ``TIME WORD …``; times are seconds or 1h2m3s, and do not run backwards.
- The first line that cannot be is a TraceError with its number, what is wrong and what would be right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pcloud.errors import PcloudError
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.words import InstanceStatus, Rung
from pcloud.simulation import facts
from pcloud.simulation.facts import Course, Deed, Extent, Fact, Target
from pcloud.spec.problems import did_you_mean
from pcloud.spec.units import DURATION_HINT, duration

EXAMPLE = 'write a moment and what happens then, as in "12 fail web/httpd"'
CURES = {"restart": Rung.RESTART, "reboot": Rung.REBOOT, "relaunch": Rung.RELAUNCH, "never": None}


FORMS = {
    "fail": "TIME fail ASSEMBLY[/RESOURCE] [soft] [until restart|reboot|relaunch|never] [for DURATION]",
    "pass": "TIME pass ASSEMBLY[/RESOURCE]",
    "silent": "TIME silent ASSEMBLY [until reboot|relaunch|never] [for DURATION]",
    "cloud": "TIME cloud ASSEMBLY ACTIVE|SHUTOFF|ERROR|ABSENT|PAUSED",
    "external-stop": "TIME external-stop ASSEMBLY",
    "cloud-api": "TIME cloud-api down|up",
    "anchors": "TIME anchors down|up",
    "stall": "TIME stall DURATION",
    "pause": "TIME pause DURATION",
    "action": "TIME action restart|reboot|relaunch|stop hangs|fails|works [TARGET]",
    "approve": "TIME approve",
    "confirm-dead": "TIME confirm-dead ASSEMBLY",
}


class TraceError(PcloudError):
    """A line that is no fact. A usage error of the command line."""

    exit_code = 2


def read_trace(text: str, plan: DeployablePlan, name: str = "trace") -> tuple[Fact, ...]:
    """The facts of a trace about ``plan``; ``name`` is the file's, for messages. TraceError."""
    found: list[Fact] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            reading = _Line(f"{name}:{number}", number, words, plan)
            found.append(reading.fact(found[-1].at if found else 0.0))
    return tuple(found)


class _Line:
    """One line on its way to a fact; words are taken from the left."""

    def __init__(self, place: str, number: int, words: Sequence[str], plan: DeployablePlan) -> None:
        self._place = place
        self._number = number
        self._words = list(words)
        self._plan = plan

    def wrong(self, message: str, cure: str = "") -> TraceError:
        return TraceError(f"{self._place}: {message}", cure)

    def fact(self, after: float) -> Fact:
        """What the line says; it must not be before ``after``."""
        written = self._words[0]
        at = self.seconds("no moment", EXAMPLE)
        if at < after:
            raise self.wrong(f"time runs backwards: {written} after {after:g}s", "write the lines in the order in which they happen")
        if not self._words:
            raise self.wrong(f"nothing happens at {written}", EXAMPLE)
        verb = self.one_of(list(VERBS), "fact", "facts")
        made = VERBS[verb](self, {"at": at, "line": self._number})
        if self._words:
            raise self.wrong(f'"{" ".join(self._words)}" is too much', f"write: {FORMS[verb]}")
        return made

    def word(self, form: str) -> str:
        """The next word; ``form`` is how the whole line is written."""
        if not self._words:
            raise self.wrong("something is missing", f"write: {form}")
        return self._words.pop(0)

    def take(self, *words: str) -> str:
        """The next word if it is one of these, else nothing."""
        return self._words.pop(0) if self._words and self._words[0] in words else ""

    def one_of(self, known: Sequence[str], what: str, plural: str, form: str = "") -> str:
        word = self.word(form or f"one of {', '.join(known)}")
        if word not in known:
            raise self.wrong(f'"{word}" is no {what}', did_you_mean(word, known, plural))
        return word

    def seconds(self, what: str, cure: str = DURATION_HINT) -> float:
        word = self.word(cure)
        try:
            return duration(word)
        except ValueError as error:
            raise self.wrong(f'"{word}" is {what}', cure) from error

    def assembly(self, form: str) -> str:
        word = self.word(form)
        if "/" in word:
            raise self.wrong(f'"{word}" is not an assembly', f"write: {form}")
        return self._known_assembly(word).name

    def target(self, form: str) -> Target:
        name, slash, resource = self.word(form).partition("/")
        assembly = self._known_assembly(name)
        if slash and assembly.resource(resource) is None:
            known = [each.name for each in assembly.resources]
            raise self.wrong(f'{name} has no resource "{resource}"', did_you_mean(resource, known, f"resources of {name}"))
        return Target(name, resource)

    def _known_assembly(self, name: str) -> AssemblyPlan:
        plan = self._plan.assembly(name)
        if plan is None:
            known = [each.name for each in self._plan.assemblies]
            raise self.wrong(f'{self._plan.name} has no assembly "{name}"', did_you_mean(name, known, "assemblies"))
        return plan

    def extent(self, lowest: Rung, form: str) -> Extent:
        """``[until …] [for …]`` in either order. Neither: until anything is done; ``for`` alone: so long, whatever is done."""
        cures = [word for word, rung in CURES.items() if rung is None or rung.height >= lowest.height]
        until = lasting = None
        while word := self.take("until", "for"):
            if (until if word == "until" else lasting) is not None:
                raise self.wrong(f'"{word}" is there twice', f"write: {form}")
            if word == "until":
                until = self.one_of(cures, "end of it", "it ends with", form)
            else:
                lasting = self.seconds("not a duration")
        if until is not None:
            return Extent(CURES[until], lasting)
        return Extent(lowest if lasting is None else None, lasting)

    def state(self, form: str) -> bool:
        return self.one_of(("down", "up"), "state of it", "known", form) == "up"

    def rule_target(self, deed: Deed, form: str) -> Target:
        """What an ``action`` line is about; a check alone stands for what it has restarted."""
        if not self._words:
            return Target()
        target = self.target(form)
        if target.resource and deed in (Deed.REBOOT, Deed.RELAUNCH):
            raise self.wrong(f"a {deed} is of an assembly, not of {target.assembly}/{target.resource}", f"name {target.assembly}")
        assembly = self._known_assembly(target.assembly)
        plan = assembly.resource(target.resource)
        return Target(target.assembly, plan.restarts) if plan is not None and plan.restarts else target


Fields = dict[str, Any]


def _fail(line: _Line, base: Fields) -> Fact:
    target = line.target(FORMS["fail"])
    soft = bool(line.take("soft"))
    extent = line.extent(Rung.RESTART if target.resource else Rung.REBOOT, FORMS["fail"])
    return facts.ServiceFailed(**base, target=target, soft=soft or bool(line.take("soft")), extent=extent)


def _silent(line: _Line, base: Fields) -> Fact:
    return facts.MachineSilenced(**base, assembly=line.assembly(FORMS["silent"]), extent=line.extent(Rung.REBOOT, FORMS["silent"]))


def _cloud(line: _Line, base: Fields) -> Fact:
    assembly = line.assembly(FORMS["cloud"])
    status = InstanceStatus(line.one_of(list(InstanceStatus), "status", "a cloud says", FORMS["cloud"]))
    return facts.CloudSaid(**base, assembly=assembly, status=status)


def _action(line: _Line, base: Fields) -> Fact:
    form = FORMS["action"]
    deed = Deed(line.one_of(list(Deed), "action", "actions", form))
    course = Course(line.one_of(list(Course), "course of an action", "it", form))
    return facts.DeedTurned(**base, deed=deed, course=course, target=line.rule_target(deed, form))


VERBS: dict[str, Callable[[_Line, Fields], Fact]] = {
    "fail": _fail,
    "pass": lambda line, base: facts.ServicePassed(**base, target=line.target(FORMS["pass"])),
    "silent": _silent,
    "cloud": _cloud,
    "external-stop": lambda line, base: facts.StoppedOutside(**base, assembly=line.assembly(FORMS["external-stop"])),
    "cloud-api": lambda line, base: facts.CloudTurned(**base, up=line.state(FORMS["cloud-api"])),
    "anchors": lambda line, base: facts.AnchorsTurned(**base, up=line.state(FORMS["anchors"])),
    "stall": lambda line, base: facts.ControllerStood(**base, seconds=line.seconds("not a duration")),
    "pause": lambda line, base: facts.Paused(**base, seconds=line.seconds("not a duration")),
    "action": _action,
    "approve": lambda _line, base: facts.Approved(**base),
    "confirm-dead": lambda line, base: facts.DeathTold(**base, assembly=line.assembly(FORMS["confirm-dead"])),
}

"""What the controller without machines does with what operators say: pauses are kept and shown, approvals are waited for as a test says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pcloud.errors import NotFoundError, RefusedError
from pcloud.records.operating import AnswerRequest, ConfirmRequest, PauseRequest, ResumeRequest, TakeoverRequest, TargetRequest
from pcloud.records.status import PauseStatus


class MemoryWords:
    """``parts`` gives the assemblies of a deployable with their resources; NotFoundError if there is none."""

    def __init__(self, parts: Callable[[str], dict[str, list[str]]]) -> None:
        self._parts = parts
        self.pauses: dict[str, list[PauseStatus]] = {}
        self.waiting: set[str] = set()  # targets that wait for a yes
        self.observed: dict[str, str] = {}  # deployables that are only observed, and why
        self.frozen: dict[str, str] = {}  # deployables to which nothing is done at all, and why
        self.given_up: set[str] = set()
        self.fenceless: set[str] = set()  # assemblies of which nobody knows whether their instance is dead
        self.said: list[tuple[str, str]] = []  # owners and what they said

    async def pause(self, name: str, request: PauseRequest) -> None:
        self._expect(name, request.assembly)
        until = datetime.now(UTC) + timedelta(seconds=request.seconds)
        made = PauseStatus(
            assembly=request.assembly or None,
            owner=request.owner,
            reason=request.reason,
            until=until,
            maintenance=request.maintenance,
        )
        others = [each for each in self.pauses.get(name, []) if each.assembly != made.assembly]
        self.pauses[name] = [*others, made]

    async def resume(self, name: str, request: ResumeRequest) -> None:
        self._expect(name, request.assembly)
        pauses = self.pauses.pop(name, [])
        if request.assembly:
            self.pauses[name] = [each for each in pauses if each.assembly != request.assembly]
            if len(self.pauses[name]) == len(pauses) and any(each.assembly is None for each in pauses):
                raise RefusedError(f"{request.assembly} is paused with all of {name}", f"run pcloud resume {name}")

    async def answer(self, name: str, request: AnswerRequest, *, approved: bool) -> None:
        self._strike(self.waiting, name, request, "waits for a yes")
        self.said.append((request.owner, "yes" if approved else f"no: {request.reason}"))

    async def retry(self, name: str, request: TargetRequest) -> None:
        self._strike(self.given_up, name, request, "is exhausted, blocked or denied")
        self.said.append((request.owner, "retry"))

    async def cleanup(self, name: str, request: TargetRequest) -> None:
        self._expect(name, request.assembly, request.resource)
        self.said.append((request.owner, "cleanup"))

    async def confirm_dead(self, name: str, request: ConfirmRequest) -> None:
        self._strike(self.fenceless, name, TargetRequest(owner=request.owner, assembly=request.assembly), "waits for a confirmation")
        self.said.append((request.owner, f"dead: {request.reason}"))

    async def takeover(self, name: str, request: TakeoverRequest) -> None:
        self._expect(name, "")
        if not (self.observed.pop(name, "") or self.frozen.pop(name, "")):
            raise RefusedError(f"{name} is neither frozen nor only observed: there is nothing to take over")
        self.said.append((request.owner, f"takeover: {request.reason}"))

    def _strike(self, targets: set[str], name: str, request: TargetRequest, what: str) -> None:
        self._expect(name, request.assembly, request.resource)
        whole = "/".join(part for part in (name, request.assembly, request.resource) if part)
        met = {each for each in targets if f"{each}/".startswith(f"{whole}/")}
        if not met:
            raise RefusedError(f"nothing of {whole} {what}", "look at its status")
        targets -= met

    def _expect(self, name: str, assembly: str, resource: str = "") -> None:
        parts = self._parts(name)
        if assembly and assembly not in parts:
            raise NotFoundError(f"{name} has no assembly {assembly}")
        if resource and resource not in parts.get(assembly, []):
            raise NotFoundError(f"{name} has no resource {assembly}/{resource}")

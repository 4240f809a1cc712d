"""What operators say of recoveries, handed to the engine that it is for.

Rules: nothing here decides. What names nothing is not found; what would change nothing is refused with what would, since whoever says it
believes otherwise; the rest is the policy's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from difflib import get_close_matches
from typing import Protocol

from cpe.shell.engines import Engine
from pcloud.errors import NotFoundError, RefusedError
from pcloud.model.events import (
    ApprovalGiven,
    CleanupAsked,
    DeathConfirmed,
    OperatorSaid,
    PauseAsked,
    ResumeAsked,
    RetryAsked,
    TakeoverAsked,
)
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Phase
from pcloud.records.operating import AnswerRequest, ConfirmRequest, PauseRequest, ResumeRequest, TakeoverRequest, TargetRequest

UNDATED = 0.0  # the engine sets the moment


class Attending(Protocol):
    """Where the engines of deployables are."""

    def attended(self, name: str) -> Engine:
        """The one of a deployable that is looked after; NotFoundError, RefusedError."""

    async def revive(self, name: str, *, part: str) -> bool:
        """Have a deployable looked after again; False where it is."""


class Words:
    """``taken_in`` returns when the engine of a deployable has decided upon what was said."""

    def __init__(self, attending: Attending, taken_in: Callable[[str], Awaitable[None]], changing: asyncio.Lock) -> None:
        self._attending = attending
        self._taken_in = taken_in
        self._changing = changing

    async def pause(self, name: str, request: PauseRequest) -> None:
        """Do nothing to it for a while."""
        word = PauseAsked(
            at=UNDATED,
            owner=request.owner,
            assembly=request.assembly,
            reason=request.reason,
            seconds=request.seconds,
            maintenance=request.maintenance,
        )
        await self._say(name, word, request.assembly)

    async def resume(self, name: str, request: ResumeRequest) -> None:
        """End its pauses."""
        word = ResumeAsked(at=UNDATED, owner=request.owner, assembly=request.assembly)
        await self._say(name, word, request.assembly, refuse=paused_otherwise, idle=not_paused)

    async def answer(self, name: str, request: AnswerRequest, *, approved: bool) -> None:
        """Yes or no to what waits for it."""
        word = ApprovalGiven(
            at=UNDATED,
            owner=request.owner,
            approved=approved,
            assembly=request.assembly,
            resource=request.resource,
            reason=request.reason,
        )
        await self._say(name, word, request.assembly, request.resource, refuse=nothing_to_approve if approved else nothing_waits)

    async def retry(self, name: str, request: TargetRequest) -> None:
        """Begin again with what was given up: parts of a deployable, or its engine that is not started any more by itself."""
        async with self._changing:
            if await self._attending.revive(name, part=request.assembly):
                return
        word = RetryAsked(at=UNDATED, owner=request.owner, assembly=request.assembly, resource=request.resource)
        await self._say(name, word, request.assembly, request.resource, refuse=nothing_given_up)

    async def cleanup(self, name: str, request: TargetRequest) -> None:
        """Forget what is counted against it."""
        word = CleanupAsked(at=UNDATED, owner=request.owner, assembly=request.assembly, resource=request.resource)
        await self._say(name, word, request.assembly, request.resource)

    async def takeover(self, name: str, request: TakeoverRequest) -> None:
        """This controller is the one, and may act again; the policy refuses where nothing keeps it from that."""
        await self._say(name, TakeoverAsked(at=UNDATED, owner=request.owner, reason=request.reason), "")

    async def confirm_dead(self, name: str, request: ConfirmRequest) -> None:
        """The instance of an assembly is dead; the policy refuses where nothing waits for that, or it still answers."""
        word = DeathConfirmed(at=UNDATED, owner=request.owner, assembly=request.assembly, reason=request.reason)
        await self._say(name, word, request.assembly)

    async def _say(
        self,
        name: str,
        word: OperatorSaid,
        assembly: str,
        resource: str = "",
        refuse: Callable[[DeployableState, str, str], None] = lambda *_: None,
        idle: Callable[[DeployableState, str], bool] = lambda *_: False,
    ) -> None:
        """``refuse`` raises where it makes no sense; ``idle`` says where it is true already, and nobody need hear it."""
        async with self._changing:
            engine = self._attending.attended(name)
            expect(engine.state, assembly, resource)
            refuse(engine.state, assembly, resource)
            if idle(engine.state, assembly):
                return
            engine.say(word)
            await self._taken_in(name)


def expect(state: DeployableState, assembly: str, resource: str) -> None:
    """NotFoundError unless the deployable has such a part; "" is all of it."""
    if not assembly:
        if resource:
            raise NotFoundError(f"{state.name} has no resource {resource} outside its assemblies", "name its assembly as well")
        return
    if assembly not in state.assemblies:
        raise NotFoundError(f"{state.name} has no assembly {assembly}", nearest(assembly, state.assemblies))
    if resource and resource not in state.assemblies[assembly].resources:
        raise NotFoundError(f"{state.name}/{assembly} has no resource {resource}", nearest(resource, state.assemblies[assembly].resources))


def nearest(word: str, known: Iterable[str]) -> str:
    """The cure for a name that is not known."""
    near = get_close_matches(word, list(known), n=1)
    return f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"


def parts(state: DeployableState, assembly: str, resource: str) -> Iterable[AssemblyState | ResourceState]:
    """What of the deployable is meant: an assembly with all that is in it, one resource, everything."""
    for name, each in state.assemblies.items():
        if assembly in {"", name}:
            if not resource:
                yield each
            yield from (one for inner, one in each.resources.items() if resource in {"", inner})


def paused_otherwise(state: DeployableState, assembly: str, _resource: str) -> None:
    """RefusedError for an assembly that would stay paused, because all of them are."""
    if assembly and any(not each.assembly for each in state.pauses) and not any(each.assembly == assembly for each in state.pauses):
        raise RefusedError(f"{assembly} is paused with all of {state.name}", f"run pcloud resume {state.name}")


def not_paused(state: DeployableState, assembly: str) -> bool:
    """Whether there is no pause that a resume would end."""
    return not any(assembly in {"", each.assembly} for each in state.pauses)


def nothing_to_approve(state: DeployableState, assembly: str, resource: str) -> None:
    """RefusedError unless something waits for a yes, or had a no and could do with one (policy.md section 3.7)."""
    if not any(each.exhausted or each.blocked or each.denied for each in parts(state, assembly, resource)):
        nothing_waits(state, assembly, resource)


def nothing_waits(state: DeployableState, assembly: str, resource: str) -> None:
    """RefusedError unless something waits for a yes."""
    recoveries = [each.recovery for each in parts(state, assembly, resource)]
    if not assembly:
        recoveries.append(state.recovery)
    if not any(each is not None and each.phase is Phase.APPROVAL for each in recoveries):
        whole = spelt(state.name, assembly, resource)
        raise RefusedError(f"nothing of {whole} waits for a yes", f"pcloud deployable status {state.name} shows what is held, and by what")


def nothing_given_up(state: DeployableState, assembly: str, resource: str) -> None:
    """RefusedError unless something is exhausted, blocked or denied."""
    if not any(each.exhausted or each.blocked or each.denied for each in parts(state, assembly, resource)):
        whole = spelt(state.name, assembly, resource)
        raise RefusedError(f"nothing of {whole} is exhausted, blocked or denied", f"pcloud cleanup {whole} forgets its failures")


def spelt(*names: str) -> str:
    """DEPLOYABLE[/ASSEMBLY[/RESOURCE]]."""
    return "/".join(name for name in names if name)

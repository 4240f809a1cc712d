"""What the HTTP API needs of the controller.

Rules: everything raises only ``pcloud.errors`` types (and SpecError where a spec is read); what is accepted is durable when the call
returns, and a status that is read afterwards shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pcloud.records.adopting import Adoption, AdoptRequest
from pcloud.records.auditing import CleanRequest, InfrastructureAudit
from pcloud.records.event import EventRecord
from pcloud.records.evidence import ConsoleNow, InstanceEvidence
from pcloud.records.explanation import Explanation
from pcloud.records.fact import FactRecord
from pcloud.records.infrastructures import InfrastructureSummary, InfrastructureTrial, TrialRequest
from pcloud.records.operating import AnswerRequest, ConfirmRequest, PauseRequest, ResumeRequest, TakeoverRequest, TargetRequest
from pcloud.records.reloading import ReloadPlan
from pcloud.records.requests import DaemonStatus, SpecInForce, SpecUpload, SshTarget
from pcloud.records.specs import EffectiveSettings
from pcloud.records.status import DeployableStatus, DeployableSummary

Subscription = asyncio.Queue[EventRecord | None]
"""Events as they become durable. None is the last thing in it: the reader was too slow, and was cut off; it resumes from the store."""


class InfrastructureTrials(Protocol):
    """What is configured, and what works of it."""

    def list_infrastructures(self) -> Sequence[InfrastructureSummary]:
        """All of them, by name."""

    async def test(self, name: str, request: TrialRequest) -> InfrastructureTrial:
        """Try one, for minutes if a machine is to be launched; NotFoundError if there is none of that name."""


class InfrastructureAudits(Protocol):
    """What of ours belongs to nothing. NotFoundError for an unknown infrastructure, InfrastructureError for one that cannot be asked."""

    async def audit(self, name: str) -> InfrastructureAudit:
        """What is found at one infrastructure; changes nothing."""

    async def clean(self, name: str, request: CleanRequest) -> InfrastructureAudit:
        """Delete what is named, as far as it strays, for minutes; RefusedError where what is known here may be old."""


class OperatorWords(Protocol):
    """What operators say of what recovers by itself. Each names its part of the deployable ``name``; NotFoundError if there is none."""

    async def pause(self, name: str, request: PauseRequest) -> None:
        """Do nothing to it for a while."""

    async def resume(self, name: str, request: ResumeRequest) -> None:
        """End its pauses; RefusedError for an assembly that is paused with the whole deployable only."""

    async def answer(self, name: str, request: AnswerRequest, *, approved: bool) -> None:
        """Yes or no to what waits for it; RefusedError if nothing does."""

    async def retry(self, name: str, request: TargetRequest) -> None:
        """Begin again with what was given up; RefusedError if nothing was."""

    async def cleanup(self, name: str, request: TargetRequest) -> None:
        """Forget what is counted against it."""

    async def confirm_dead(self, name: str, request: ConfirmRequest) -> None:
        """Somebody answers for it that its instance is dead; RefusedError where nothing waits for that, or it still answers."""

    async def takeover(self, name: str, request: TakeoverRequest) -> None:
        """Act on it again; RefusedError where nothing keeps the controller from that."""


class ReplacedInstances(Protocol):
    """What is kept of an assembly's replaced instances. NotFoundError for what there is not."""

    async def evidence(self, name: str, assembly: str, generation: int | None = None) -> Sequence[InstanceEvidence]:
        """Of all of them, or of one generation, the newest first."""

    async def console(self, name: str, assembly: str, generation: int) -> ConsoleNow:
        """The console of one that is kept, as its cloud has it now; RefusedError if it is gone."""


class Adopter(Protocol):
    """Machines that are there already. NotFoundError where the deployable, the assembly or the machine is not; RefusedError where it cannot
    be taken under care.
    """

    async def look(self, name: str, assembly: str, request: AdoptRequest) -> Adoption:
        """What would be taken under care; changes nothing."""

    async def adopt(self, name: str, assembly: str, request: AdoptRequest) -> None:
        """Take it under care as it stands; for one that is, only its tags are put on again."""


class Reloader(Protocol):
    """Another spec for a deployable that is there. SpecError for a wrong one, NotFoundError."""

    async def plan(self, name: str, upload: SpecUpload) -> ReloadPlan:
        """What it would change; changes nothing."""

    async def apply(self, name: str, upload: SpecUpload, version: str) -> None:
        """Make it so; RefusedError where ``version`` is not empty and is not that of the plan of now."""


class BackupMaker(Protocol):
    """Where backups are made."""

    def made(self) -> AbstractAsyncContextManager[Path]:
        """A backup, in a file that is gone after the block; RefusedError while another is made."""


class Controller(Protocol):
    """All that can be asked of pcloud."""

    @property
    def backups(self) -> BackupMaker:
        """Where backups are made."""

    @property
    def reloads(self) -> Reloader:
        """Where specs are replaced."""

    @property
    def last_words(self) -> ReplacedInstances:
        """Where replaced instances are remembered."""

    @property
    def adoptions(self) -> Adopter:
        """Where machines are taken under care."""

    @property
    def words(self) -> OperatorWords:
        """Where operators are listened to."""

    async def daemon(self) -> DaemonStatus:
        """Who answers."""

    async def check(self, upload: SpecUpload) -> str:
        """The name of the deployable that this spec describes; SpecError with all that is wrong in it. Changes nothing."""

    async def create(self, upload: SpecUpload, *, replace: bool) -> DeployableStatus:
        """Register a deployable, stopped. The same content again changes nothing; another content is refused unless ``replace``."""

    async def list_deployables(self, *, after: str = "", limit: int | None = None) -> Sequence[DeployableSummary]:
        """By name those behind ``after``: the ``limit`` first of them, or all."""

    async def status(self, name: str) -> DeployableStatus:
        """How it stands; NotFoundError."""

    async def effective(self, name: str) -> EffectiveSettings:
        """Every recovery and monitor setting of every target of it, with where it comes from; NotFoundError."""

    async def start(self, name: str) -> None:
        """It shall run; no error if it does."""

    async def stop(self, name: str) -> None:
        """It shall not run; no error if it does not."""

    async def delete(self, name: str, *, volumes: bool) -> None:
        """Forget it; RefusedError unless it is stopped. Its volumes go only with ``volumes``."""

    async def reboot(self, name: str, assembly: str) -> None:
        """Reboot the assembly's instance."""

    async def relaunch(self, name: str, assembly: str) -> None:
        """Replace the assembly's instance."""

    async def restart(self, name: str, assembly: str, resource: str) -> None:
        """Restart one service."""

    async def ssh_target(self, name: str, assembly: str) -> SshTarget:
        """How to log in; RefusedError while there is no instance with an address."""

    async def events(
        self, *, after: int, limit: int, target: str, since: datetime | None, last: bool, kind: str = ""
    ) -> Sequence[EventRecord]:
        """Stored events with ``seq`` > ``after``, not before ``since``, of ``target`` or anything below it ("" is everything).

        With ``kind`` only those of that kind.
        At most ``limit``, always in the order of ``seq``: the oldest ones, or with ``last`` the newest.
        """

    async def explanations(self, *, target: str, last: int) -> Sequence[Explanation]:
        """The ``last`` decisions about ``target`` or anything below it ("" is everything), in order, each with what came of it."""

    async def facts(self, name: str, *, after: int, limit: int) -> Sequence[FactRecord]:
        """A deployable's facts with ``seq`` > ``after``, the oldest ``limit`` of them, in order; NotFoundError."""

    async def spec(self, name: str) -> SpecInForce:
        """A deployable's spec, with what it inherits; NotFoundError."""

    def subscribe(self) -> AbstractAsyncContextManager[Subscription]:
        """Every event from now on, through a bounded queue."""

"""The API as calls: one method for each route, blocking, with the same bodies.

Rules: every call has a timeout; errors are ours (``pcloud.errors``); proxies of the environment are none of its business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from pcloud.client.errors import CONNECT, our_errors, raise_for
from pcloud.client.stream import PATIENCE, EventStream
from pcloud.errors import PcloudError
from pcloud.records.adopting import Adoption, AdoptRequest
from pcloud.records.auditing import CleanRequest, InfrastructureAudit
from pcloud.records.event import EventRecord
from pcloud.records.evidence import ConsoleNow, InstanceEvidence
from pcloud.records.explanation import Explanation
from pcloud.records.fact import FactRecord
from pcloud.records.infrastructures import InfrastructureSummary, InfrastructureTrial, TrialRequest
from pcloud.records.operating import (
    AnswerRequest,
    ConfirmRequest,
    OperatorWord,
    PauseRequest,
    ResumeRequest,
    TakeoverRequest,
    TargetRequest,
)
from pcloud.records.overview import Overview
from pcloud.records.reloading import ReloadPlan
from pcloud.records.requests import CheckedSpec, DaemonStatus, SpecInForce, SpecUpload, SshTarget
from pcloud.records.specs import EffectiveSettings
from pcloud.records.status import DeployableStatus, DeployableSummary, TargetStatus

B = TypeVar("B")

TIMEOUT = 60.0  # seconds for one answer; all of them are short, but the daemon may be replaying a long journal

TRIAL = 1800.0  # seconds for a trial, each of whose five waits for a cloud has five minutes, and for a cleaning, with six for each stray
MAKING = 600.0  # seconds until a backup begins to come: its copy is written first, and a gigabyte on a slow disk takes minutes
MOST = 1000  # the most that the API gives in one page


class Client:
    """Calls to the daemon behind ``socket_path``. Close it, or use it as a context manager."""

    def __init__(self, socket_path: Path, *, timeout: float = TIMEOUT) -> None:
        self.socket_path = socket_path
        self._connect = min(CONNECT, timeout)
        self._http = httpx.Client(
            # No connection is kept: a new one costs nothing here, and one that the daemon closes meanwhile looks like a broken answer.
            transport=httpx.HTTPTransport(uds=str(socket_path), limits=httpx.Limits(max_keepalive_connections=0)),
            base_url="http://pcloud/v1",  # the name is never looked up
            timeout=httpx.Timeout(timeout, connect=self._connect),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def daemon(self) -> DaemonStatus:
        return _body(DaemonStatus, self._ask("GET", "/daemon"))

    def overview(self, *, worst: int = 10) -> Overview:
        """How everything stands, with at most ``worst`` of the deployables that are in trouble."""
        return _body(Overview, self._ask("GET", "/overview", worst=worst))

    def backup(self, write: Callable[[bytes], object]) -> None:
        """Give ``write`` the parts of a backup, in order; it is whole when this returns."""
        with our_errors(self.socket_path, self._connect):
            timeout = httpx.Timeout(MAKING, connect=self._connect)
            with self._http.stream("GET", "/backup", timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    raise_for(response)
                for part in response.iter_bytes():
                    write(part)

    def check(self, upload: SpecUpload) -> str:
        """The name of the deployable that the spec describes; SpecError."""
        return _body(CheckedSpec, self._ask("POST", "/check", body=upload)).name

    def create(self, upload: SpecUpload, *, replace: bool = False) -> DeployableStatus:
        return _status(self._ask("POST", "/deployables", body=upload, replace=replace))

    def list_deployables(self) -> list[DeployableSummary]:
        return self._whole(DeployableSummary, "/deployables")

    def status(self, name: str) -> DeployableStatus:
        return _status(self._ask("GET", _path(name)))

    def spec(self, name: str) -> SpecInForce:
        return _body(SpecInForce, self._ask("GET", _path(name) + "/spec"))

    def effective(self, name: str) -> EffectiveSettings:
        """Every recovery and monitor setting of every target of a deployable, with where it comes from."""
        return _body(EffectiveSettings, self._ask("GET", _path(name) + "/effective"))

    def start(self, name: str) -> DeployableStatus:
        return _status(self._ask("POST", _path(name) + "/start"))

    def stop(self, name: str) -> DeployableStatus:
        return _status(self._ask("POST", _path(name) + "/stop"))

    def plan(self, name: str, upload: SpecUpload) -> ReloadPlan:
        """What the spec would change; changes nothing."""
        return _body(ReloadPlan, self._ask("POST", _path(name) + "/plan", body=upload))

    def reload(self, name: str, upload: SpecUpload, *, version: str = "") -> DeployableStatus:
        """Make it what the spec says; with the ``version`` of a plan only while that still holds."""
        return _status(self._ask("POST", _path(name) + "/reload", body=upload, version=version))

    def delete(self, name: str, *, volumes: bool = False) -> None:
        self._ask("DELETE", _path(name), volumes=volumes)

    def reboot(self, name: str, assembly: str) -> DeployableStatus:
        return _status(self._ask("POST", _path(name, assembly) + "/reboot"))

    def relaunch(self, name: str, assembly: str) -> DeployableStatus:
        return _status(self._ask("POST", _path(name, assembly) + "/relaunch"))

    def look_at(self, name: str, assembly: str, request: AdoptRequest) -> Adoption:
        """What adopting a machine would take under care; changes nothing."""
        return _body(Adoption, self._ask("POST", _path(name, assembly) + "/adopt/look", body=request))

    def adopt(self, name: str, assembly: str, request: AdoptRequest) -> DeployableStatus:
        """Take a machine under care that is there already."""
        return _status(self._ask("POST", _path(name, assembly) + "/adopt", body=request))

    def restart(self, name: str, assembly: str, resource: str) -> DeployableStatus:
        return _status(self._ask("POST", f"{_path(name, assembly)}/resources/{quote(resource, safe='')}/restart"))

    def pause(self, name: str, request: PauseRequest) -> DeployableStatus:
        return self._say(name, "pause", request)

    def resume(self, name: str, request: ResumeRequest) -> DeployableStatus:
        return self._say(name, "resume", request)

    def approve(self, name: str, request: AnswerRequest) -> DeployableStatus:
        return self._say(name, "approve", request)

    def deny(self, name: str, request: AnswerRequest) -> DeployableStatus:
        return self._say(name, "deny", request)

    def retry(self, name: str, request: TargetRequest) -> DeployableStatus:
        return self._say(name, "retry", request)

    def cleanup(self, name: str, request: TargetRequest) -> DeployableStatus:
        return self._say(name, "cleanup", request)

    def confirm_dead(self, name: str, request: ConfirmRequest) -> DeployableStatus:
        return self._say(name, "confirm-dead", request)

    def takeover(self, name: str, request: TakeoverRequest) -> DeployableStatus:
        return self._say(name, "takeover", request)

    def _say(self, name: str, verb: str, word: OperatorWord) -> DeployableStatus:
        return _status(self._ask("POST", f"{_path(name)}/{verb}", body=word))

    def evidence(self, name: str, assembly: str, generation: int | None = None) -> list[InstanceEvidence]:
        """What is kept of an assembly's replaced instances, the newest first."""
        return _body(list[InstanceEvidence], self._ask("GET", _path(name, assembly) + "/evidence", generation=generation))

    def console(self, name: str, assembly: str, generation: int) -> ConsoleNow:
        """The console of one that is kept, as its cloud has it now."""
        return _body(ConsoleNow, self._ask("GET", f"{_path(name, assembly)}/evidence/{generation}/console"))

    def ssh_target(self, name: str, assembly: str) -> SshTarget:
        return _body(SshTarget, self._ask("GET", _path(name, assembly) + "/ssh"))

    def targets(self, *, prefix: str = "", name: str = "", depth: int | None = None, limit: int = MOST) -> list[TargetStatus]:
        """The first ``limit`` of what has a name, begins with ``prefix``, is called ``name``, and stands ``depth`` deep (1 to 3)."""
        return _body(list[TargetStatus], self._ask("GET", "/targets", prefix=prefix, name=name, depth=depth, limit=limit))

    def list_infrastructures(self) -> list[InfrastructureSummary]:
        return _body(list[InfrastructureSummary], self._ask("GET", "/infrastructures"))

    def test_infrastructure(self, name: str, request: TrialRequest) -> InfrastructureTrial:
        """Try it; takes minutes where a machine is to be launched."""
        path = f"/infrastructures/{quote(name, safe='')}/test"
        return _body(InfrastructureTrial, self._send("POST", path, body=request, patience=TRIAL).content)

    def audit_infrastructure(self, name: str) -> InfrastructureAudit:
        """What belongs to nothing there."""
        return _body(InfrastructureAudit, self._ask("GET", f"/infrastructures/{quote(name, safe='')}/audit"))

    def clean_infrastructure(self, name: str, request: CleanRequest) -> InfrastructureAudit:
        """Delete what is named, as far as it strays; takes minutes."""
        path = f"/infrastructures/{quote(name, safe='')}/clean"
        return _body(InfrastructureAudit, self._send("POST", path, body=request, patience=TRIAL).content)

    def events(
        self, *, after: int = 0, limit: int = 100, target: str = "", since: datetime | None = None, last: bool = False, kind: str = ""
    ) -> list[EventRecord]:
        """Stored events in order: the oldest ``limit`` of those that fit, or with ``last`` the newest."""
        moment = since.isoformat() if since else None
        found = self._ask("GET", "/events", after=after, limit=limit, target=target, since=moment, last=last, kind=kind)
        return _body(list[EventRecord], found)

    def explanations(self, target: str, *, last: int = 1) -> list[Explanation]:
        """The last decisions about ``target`` or anything below it, in order, each with what came of it."""
        return _body(list[Explanation], self._ask("GET", "/explanations", target=target, last=last))

    def facts(self, name: str, *, after: int = 0, limit: int = 100) -> list[FactRecord]:
        """What a deployable's policy was given, in order: the oldest ``limit`` behind ``after``."""
        return _body(list[FactRecord], self._ask("GET", _path(name) + "/facts", after=after, limit=limit))

    def stream_events(
        self, *, target: str = "", after: int | None = None, patience: float = PATIENCE, kind: str = ""
    ) -> Iterator[EventRecord]:
        """Events as they happen, for ever; behind ``after`` if given. See EventStream."""
        return iter(EventStream(self._http, self.socket_path, target=target, after=after, patience=patience, kind=kind))

    def _whole(self, kind: type[B], path: str, **query: Any) -> list[B]:
        """All of a list that comes in pages."""
        response = self._send("GET", path, limit=MOST, **query)
        found = _body(list[kind], response.content)  # type: ignore[valid-type]
        while "next" in response.links:
            with our_errors(self.socket_path, self._connect):
                following = str(response.url.join(response.links["next"]["url"]))
            response = self._send("GET", following)
            found += _body(list[kind], response.content)  # type: ignore[valid-type]
        return found

    def _ask(self, method: str, path: str, *, body: BaseModel | None = None, **query: Any) -> bytes:
        return self._send(method, path, body=body, **query).content

    def _send(
        self, method: str, path: str, *, body: BaseModel | None = None, patience: float | None = None, **query: Any
    ) -> httpx.Response:
        parameters = {key: value for key, value in query.items() if value is not None} or None  # none at all: a link keeps its own
        content = body.model_dump_json() if body else None
        headers = {"Content-Type": "application/json"} if body else {}
        with our_errors(self.socket_path, self._connect):
            timeout = self._http.timeout if patience is None else httpx.Timeout(patience, connect=self._connect)
            response = self._http.request(method, path, params=parameters, content=content, headers=headers, timeout=timeout)
        raise_for(response, body.path if isinstance(body, SpecUpload) else "")
        return response


def _path(name: str, assembly: str = "") -> str:
    """Names come from people: quoted, they cannot leave their place in the path."""
    path = f"/deployables/{quote(name, safe='')}"
    return f"{path}/assemblies/{quote(assembly, safe='')}" if assembly else path


def _status(content: bytes) -> DeployableStatus:
    return _body(DeployableStatus, content)


def _body(kind: type[B], content: bytes) -> B:
    """``content`` as what it should be; a daemon of another time may say something else."""
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        raise PcloudError("the daemon's answer is not what this pcloud expects", "are both of the same version?") from error

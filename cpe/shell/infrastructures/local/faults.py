"""Bad days of the embedded cloud, told from outside while it is used: slow, failing, ambiguous, double, out of date.

Rules:
- ``faults.json`` in the cloud's directory is read at every call; a file that is not there tells nothing. It maps a call (``CALLS``, or
  ``*`` for each that is not named) to what happens to it. Write it aside and rename it, as ``told`` does.
- What is raised is what libcloud's drivers raise for the same from a real cloud, so that nothing behind them can tell the difference.
- How often (``times``) is counted by each process, anew whenever the file changes.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from typing import Annotated, Any, Literal

import requests
from libcloud.common.exceptions import exception_from_message
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cpe.shell.infrastructures.local.disk import write_whole
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.refusals import ConflictError

FILE = "faults.json"

CALLS: Mapping[str, str] = {
    "list_nodes": "list",
    "ex_get_node": "read",
    "create_node": "create",
    "start_node": "start",
    "stop_node": "stop",
    "reboot_node": "reboot",
    "ex_hard_reboot_node": "reboot",
    "destroy_node": "destroy",
    "ex_get_console_output": "console",
    "list_volumes": "list_volumes",
    "ex_get_volume": "read_volume",
    "create_volume": "create_volume",
    "attach_volume": "attach_volume",
    "detach_volume": "detach_volume",
    "destroy_volume": "destroy_volume",
}
"""The driver's methods that a real cloud answers over the network, and what they are called in the file."""

REMEMBERED = 600.0
"""Seconds for which lists are remembered, so that one of then can be shown: longer than any cloud's is out of date."""


class Fault(BaseModel):
    """What happens to one kind of call, in this order. ``times`` calls it happens to; to all while it is not said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Seconds before anything happens."""
    status: Annotated[int, Field(ge=400, le=599)] | Literal["refused", "timeout"] | None = None
    """Nothing is done, and this HTTP status is the answer; or nobody listens; or no answer comes."""
    retry_after: Annotated[float, Field(ge=0)] | None = None
    """Seconds, in the header ``Retry-After`` of such an answer."""
    twice: bool = False
    """It is done twice; the answer is the first one."""
    stale: Annotated[float, Field(gt=0)] | None = None
    """Of a list: it is as of so many seconds ago, at the earliest the first one after this was told."""
    then: Literal["timeout", "broken"] | None = None
    """It is done, and no answer comes; or the connection breaks before it."""
    times: Annotated[int, Field(ge=1)] | None = None


_FAULTS = TypeAdapter(dict[str, Fault])


def told(directory: Path, faults: Mapping[str, Mapping[str, object]]) -> None:
    """Tell the cloud in ``directory`` these faults from now on, instead of those before. ValueError."""
    content = json.dumps(faults, indent=1).encode() + b"\n"
    parsed(content)
    write_whole(directory / FILE, content)


def parsed(text: bytes) -> dict[str, Fault]:
    """The faults in a file's text, by call. ValueError, which says what is wrong."""
    try:
        found = _FAULTS.validate_json(text) if text.strip() else {}
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, wrong['loc'])) or 'it'}: {wrong['msg']}") from error
    known = {"*", *CALLS.values()}
    if unknown := sorted(set(found) - known):
        raise ValueError(f"there is no call {unknown[0]}; there are {', '.join(sorted(known))}")
    return found


class Faults:
    """What is told of the cloud in ``directory``; one for all of its drivers in this process."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / FILE
        self._lock = threading.Lock()
        self._text = b""
        self._faults: dict[str, Fault] = {}
        self._used: dict[str, int] = {}
        self._lists: list[tuple[float, list[Any]]] = []

    def of(self, call: str) -> Fault | None:
        """What happens to this call, which counts as one of its ``times``. ConflictError for a file that makes no sense."""
        with self._lock:
            self._look()
            name = call if call in self._faults else "*"
            fault = self._faults.get(name)
            if fault is None or (fault.times is not None and self._used.get(name, 0) >= fault.times):
                return None
            self._used[name] = self._used.get(name, 0) + 1
            return fault

    def as_of(self, seconds: float, now: list[Any]) -> list[Any]:
        """The list of so many seconds ago; ``now`` is that of this moment."""
        moment = time.monotonic()
        with self._lock:
            self._lists = [each for each in self._lists if moment - each[0] <= REMEMBERED]
            self._lists.append((moment, [copy(node) for node in now]))
            old = [nodes for taken, nodes in self._lists if moment - taken >= seconds]
            return old[-1] if old else self._lists[0][1]

    def _look(self) -> None:
        try:
            text = self._file.read_bytes()
        except FileNotFoundError:
            text = b""
        if text == self._text:
            return
        try:
            self._faults = parsed(text)
        except ValueError as error:
            raise ConflictError(f"{self._file} makes no sense: {error}") from error
        self._text, self._used, self._lists = text, {}, []


class FaultyNodeDriver:
    """A LocalNodeDriver whose answers go wrong as told."""

    def __init__(self, directory: Path, faults: Faults, user: str = "") -> None:
        self._driver = LocalNodeDriver(directory, user)
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._driver, name)
        return self._suffering(CALLS[name], found) if name in CALLS else found

    def _suffering(self, call: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            fault = self._faults.of(call)
            if fault is None:
                return method(*arguments, **named)
            time.sleep(fault.delay)
            if fault.status is not None:
                raise refusal(fault, call)
            answer = method(*arguments, **named)
            if fault.twice:
                method(*arguments, **named)
            if fault.then is not None:
                raise silence(fault.then, call)
            return self._faults.as_of(fault.stale, answer) if fault.stale is not None and call == "list" else answer

        return called


def refusal(fault: Fault, call: str) -> Exception:
    """What a driver raises for an answer that says no, or for none."""
    if fault.status == "refused":
        return ConnectionRefusedError(f"{call}: nobody listens, as told")
    if fault.status == "timeout":
        return silence("timeout", call)
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    made: Exception = exception_from_message(fault.status, f"{fault.status} {call} fails, as told", headers)
    return made


def silence(how: Literal["timeout", "broken"], call: str) -> Exception:
    """What a driver raises when nothing comes back."""
    if how == "timeout":
        return requests.exceptions.ReadTimeout(f"{call}: no answer in time, as told")
    return requests.exceptions.ConnectionError(f"{call}: the connection broke, as told")

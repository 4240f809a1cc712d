"""Answers that are no answers, as our own errors.

Rules: a problem becomes the very error that was raised in the daemon, with its exit code; a broken connection says whether anything can
have been done; nothing of httpx gets out of here.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
from pydantic import ValidationError

from pcloud.errors import AmbiguousError, NoDaemonError, PcloudError, RefusedError, TimedOutError
from pcloud.records.problems import SPEC_PROBLEM, error_type
from pcloud.records.requests import Problem
from pcloud.spec.problems import SpecError, SpecProblem

CONNECT = 5.0  # seconds; a socket on this machine accepts at once unless its queue is full
SEE_LOG = "look at its log"
START_ONE = "start one with `pcloud-cped`, or set PCLOUD_SOCKET to where it listens"


def raise_for(response: httpx.Response, spec_path: str = "") -> None:
    """Raise what ``response`` says went wrong, if anything did. Its body has been read; ``spec_path`` is the spec's that was sent."""
    if response.is_success:
        return
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # by the server itself, before anything of ours was asked
        raise PcloudError("the daemon has too many connections already", "end what follows its events, and try again")
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError as error:
        raise PcloudError(f"an answer that is not pcloud's: {response.status_code} {response.reason_phrase}", START_ONE) from error
    raise error_of(problem, spec_path)


def error_of(problem: Problem, spec_path: str = "") -> PcloudError:
    """The error that was raised in the daemon."""
    if problem.type == SPEC_PROBLEM:
        places = (SpecProblem(place.line, place.column, place.path, place.message, place.cure) for place in problem.problems)
        return SpecError(spec_path, places)
    error = error_type(problem.type)(problem.detail, problem.cure)
    error.exit_code = problem.exit_code
    return error


@contextlib.contextmanager
def our_errors(socket_path: Path, within: float = CONNECT) -> Iterator[None]:
    """What goes wrong inside with the daemon behind ``socket_path``, as one of ours; NoDaemonError at once if there is none."""
    _knock(socket_path, within)
    try:
        yield
    except httpx.ConnectError as error:
        raise NoDaemonError(f"no daemon answers on {socket_path}", START_ONE) from error
    except httpx.TimeoutException as error:
        raise TimedOutError("the daemon took too long to answer; what was asked may have been done", SEE_LOG) from error
    except httpx.TransportError as error:
        raise AmbiguousError("the daemon went away before it answered; what was asked may have been done", START_ONE) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:  # packed in a way that nobody can unpack, a link that leads nowhere
        raise AmbiguousError(f"an answer that is not pcloud's: {error}", START_ONE) from error


def _knock(socket_path: Path, within: float) -> None:
    """See whether anybody listens. httpx would tell less of the reason, and httpcore leaves its socket open when it cannot connect."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        trying.settimeout(within)
        try:
            trying.connect(str(socket_path))
        except PermissionError as error:
            raise _forbidden(socket_path) from error
        except TimeoutError as error:
            raise NoDaemonError(f"the daemon on {socket_path} accepts no connection: stopped or overloaded", SEE_LOG) from error
        except OSError as error:
            raise NoDaemonError(f"no daemon answers on {socket_path}", START_ONE) from error


def _forbidden(socket_path: Path) -> RefusedError:
    """Whoever may not use the socket, and whose it is."""
    me = _user(os.geteuid())
    try:
        found = socket_path.stat()
    except OSError:  # in a directory that is not for us
        return RefusedError(f"{me} may not look for a daemon on {socket_path}", "become the user that the daemon runs as, or root")
    owner, mode = _user(found.st_uid), stat.S_IMODE(found.st_mode)
    if found.st_uid == os.geteuid():
        return RefusedError(f"{socket_path} cannot be used, its mode is {mode:04o}", f"run chmod 600 {socket_path}")
    others = owner if found.st_uid == 0 else f"{owner} or root"
    return RefusedError(f"{socket_path} belongs to {owner}, and {me} may not use it", f"run this as {others}, as with sudo")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"

"""Named points in every recovery at which the process can be told to fail, so that it can be seen what becomes of that.

Rules:
- ``PCLOUD_FAILPOINTS`` says what happens where: ``launch.create.answered=kill;reboot.reboot.answered=lose*2``. ``@FILE`` reads the same
  from a file whenever a point is reached, so that it can be changed meanwhile. Where it is unset nothing here is ever called.
- ``kill`` is a SIGKILL of this process, ``stop`` a SIGSTOP, ``lose`` has the call done and its answer lost, as a connection that breaks
  loses it; ``*N`` is how often, else once, counted by each process from the moment it is told.
- Every name is declared here. One that is reached and not declared is a bug, one that is told and not declared an error.
"""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from pcloud.errors import RefusedError

log = logging.getLogger(__name__)

VARIABLE = "PCLOUD_FAILPOINTS"

CALLS: Mapping[str, tuple[str, ...]] = {
    "restart": ("stop", "start"),
    "start": ("running", "stop", "start"),
    "stop": ("stop",),
    "configure": ("execute",),
    "reboot": ("await_packages", "read", "reboot", "start", "execute"),
    "fence": ("console", "read", "stop", "destroy"),
    "launch": ("find", "read", "stop", "destroy", "volume", "volumes", "release", "create", "start"),
    "destroy": ("find", "destroy", "read"),
    "discard": ("destroy", "read"),
    "twin": ("read", "stop", "destroy"),
}
"""The actions (``pcloud.model.actions``), and what each may ask a machine or an infrastructure for. Each call has two points:
``ACTION.CALL.asked`` before it, ``ACTION.CALL.answered`` when it was done and nobody has heard of it."""

OF_AN_ACTION = ("decided", "stored", "done", "closed")
"""The points of every action: decided upon and not stored; stored and not begun; done, and its result not stored; that stored too."""

OF_A_RECOVERY = ("decided", "stored", "verified", "over")
"""The points of the recovery around its actions: decided upon, that stored; seen to have helped, and that stored."""

OF_A_WORD = ("heard", "stored")
"""The points of what an operator says (start, stop, a recovery by hand), and of another spec."""


class Act(StrEnum):
    """What is told to happen."""

    KILL = "kill"
    STOP = "stop"
    LOSE = "lose"


def declared() -> Iterator[str]:
    """The name of every point."""
    for action, calls in CALLS.items():
        yield from (f"{action}.{moment}" for moment in OF_AN_ACTION)
        yield from (f"{action}.{call}.{moment}" for call in calls for moment in ("asked", "answered"))
    yield from (f"recovery.{moment}" for moment in OF_A_RECOVERY)
    yield from (f"{what}.{moment}" for what in ("word", "spec") for moment in OF_A_WORD)


NAMES = frozenset(declared())
_ORDER = re.compile(r"(?P<name>[^=\s]+)\s*=\s*(?P<act>[a-z]+)(?:\*(?P<times>[1-9][0-9]{0,8}))?")


def told(environment: Mapping[str, str] = os.environ) -> Failpoints | None:
    """What the environment says; None where it says nothing. RefusedError."""
    said = environment.get(VARIABLE, "").strip()
    if not said:
        return None
    made = Failpoints(said)
    parsed(made.read())
    return made


class Failpoints:
    """What is told for this process: ``said`` is the variable's value."""

    def __init__(self, said: str) -> None:
        self._said = said
        self._text = ""
        self._left: dict[str, tuple[Act, int]] = {}

    def reach(self, name: str) -> bool:
        """The process is at that point: it may not return. True when the answer is to be lost."""
        if name not in NAMES:
            raise LookupError(f"the point {name} is not declared in {__name__}")
        log.info("failpoint", extra={"point": name})
        self._look()
        act, left = self._left.get(name, (Act.LOSE, 0))
        if not left:
            return False
        self._left[name] = (act, left - 1)
        log.warning("failing as told", extra={"point": name, "act": str(act)})
        if act is not Act.LOSE:
            os.kill(os.getpid(), signal.SIGKILL if act is Act.KILL else signal.SIGSTOP)
        return act is Act.LOSE

    def read(self) -> str:
        """What is told now. RefusedError where it cannot be read."""
        if not self._said.startswith("@"):
            return self._said
        try:
            return Path(self._said[1:]).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise RefusedError(
                f"{VARIABLE}: {self._said[1:]} cannot be read: {error}", "name a file that is there; it may be empty"
            ) from error

    def _look(self) -> None:
        """Take up what is told by now; a file that cannot be understood any more tells nothing."""
        try:
            text = self.read()
            if text != self._text:
                self._left = parsed(text)
                self._text = text
        except RefusedError as error:
            log.error("what the failpoints are told cannot be understood", extra={"reason": str(error)})  # noqa: TRY400 - no bug of ours
            self._text, self._left = "", {}


def parsed(text: str) -> dict[str, tuple[Act, int]]:
    """What ``text`` tells: for each name what, and how often. RefusedError."""
    orders = (part.strip() for part in re.split(r"[;\n]", text))
    return dict(_order(part) for part in orders if part)


def _order(part: str) -> tuple[str, tuple[Act, int]]:
    found = _ORDER.fullmatch(part)
    if found is None:
        raise RefusedError(
            f"{VARIABLE}: {part!r} is not NAME=kill, stop or lose", "write it as in launch.create.answered=kill, with *2 for twice"
        )
    name, act = found["name"], found["act"]
    if name not in NAMES:
        near = get_close_matches(name, sorted(NAMES), n=1)
        raise RefusedError(
            f"{VARIABLE}: there is no point {name}", f"did you mean {near[0]}?" if near else "docs/reliability.md lists them"
        )
    if act not in set(Act):
        raise RefusedError(f"{VARIABLE}: {name} cannot be told to {act!r}", f"it can be told to {', '.join(Act)}")
    if act == Act.LOSE and not name.endswith(".answered"):
        raise RefusedError(f"{VARIABLE}: nothing is answered at {name} that could be lost", "lose is for points that end with .answered")
    return name, (Act(act), int(found["times"] or 1))

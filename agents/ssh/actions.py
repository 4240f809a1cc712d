"""One script, run over an exec channel of its own, bounded on both sides.

Rules:
- Script and environment go over stdin; the far side ends all that the script has begun at its limit, this side waits a little longer
  and then closes the channel.
- One without a name of its own ends with its channel. One that is ``kept`` goes on when the channel breaks; whoever runs it again, under
  the same id, gets the result of the first time, or waits for it (policy.md section 6).
"""

from __future__ import annotations

import asyncio
import shlex
import string
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import asyncssh

from agents.printing import printable
from agents.shelltext import exports
from agents.ssh.sessions import ActionSession
from agents.watcher import MARK, action_program, reader_command
from pcloud.limits import time_limit
from pcloud.model.ports import Outcome

_MARGIN = 5.0
"""Seconds beyond the script's limit for its report to come back."""
_OUTPUT_GRACE = 2.0
"""Seconds for the output once the status is there; a daemon that the script left running may hold it open for ever."""
_TAIL = 2000
"""Characters of output in an Outcome, as the Protocol promises."""
_END = b"end\n"
"""Tells the program that nobody wants what it does."""
_PLAIN = frozenset(string.ascii_letters + string.digits + "-_")
_NAME_LIMIT = 200
"""Characters of a name: file systems take 255, and the program adds to it."""
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"})


@dataclass(frozen=True, slots=True)
class Ran:
    """How a script ended: its exit status, ``timeout`` or ``ended`` (it was given up), and the end of its output.

    ``busy``: it has not begun, and the output is the id of the action that holds its lock.
    """

    status: str
    output: str


@dataclass(frozen=True, slots=True)
class Kept:
    """``id`` is unique over all controllers and their lives; two actions with the same ``lock`` never run at once in one machine."""

    id: str
    lock: str


def _interpreter(script: str) -> tuple[str, str]:
    """How a script is fed, and the words of who reads it, by its first line."""
    if not script.startswith("#!"):
        return "eval", "sh"
    words = script[2:].split("\n", 1)[0].split()
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if word != "-S"]
    if not words:
        return "eval", "sh"
    return ("eval" if words[0].rsplit("/", 1)[-1] in _SHELLS else "stdin"), " ".join(words)


def payload(script: str, environment: Mapping[str, str], timeout: float, kept: Kept | None) -> bytes:
    """What the action's program is fed after itself."""
    feed, interpreter = _interpreter(script)
    name = f"id={file_name(kept.id, '.')} lock={file_name(kept.lock)}" if kept is not None else "id= lock="
    settings = f"limit={timeout:g} feed={feed} interpreter={shlex.quote(interpreter)} {name}\n"
    given = f"given={shlex.quote(exports(environment))}\nscript={shlex.quote(script)}\n"  # its variables may be called like the program's
    return (settings + given + MARK).encode()


def file_name(name: str, also: str = "") -> str:
    """A name that the machine's files can have, of letters, digits and what may be there ``also``; different for different names."""
    plain = "".join(each if each in _PLAIN or each in also else f"%{ord(each):x}%" for each in name)
    if len(plain) <= _NAME_LIMIT:
        return plain
    return f"{crc32(name.encode()):08x}-{plain[-_NAME_LIMIT:]}"


class Doing:
    """What is being done in one machine."""

    def __init__(self) -> None:
        self._channels: dict[str, asyncssh.SSHClientChannel[bytes]] = {}  # of what is kept, by its id

    def give_up(self, action_id: str) -> None:
        """End what is being done under this id."""
        if (channel := self._channels.get(action_id)) is not None and not channel.is_closing():
            channel.write(_END)

    async def run(
        self,
        connection: asyncssh.SSHClientConnection,
        script: str,
        environment: Mapping[str, str],
        timeout: float,
        kept: Kept | None = None,
    ) -> Ran | Outcome:
        """Run a script; an Outcome where it cannot be told how it ended."""
        text = action_program(kept=kept is not None) + payload(script, environment, timeout, kept)
        session = ActionSession()
        channel: asyncssh.SSHClientChannel[bytes] | None = None
        try:
            async with time_limit(timeout + _MARGIN):
                channel, _ = await connection.create_session(lambda: session, reader_command(), encoding=None)
                if kept is not None:
                    self._channels[kept.id] = channel
                channel.write(text)
                return await _follow(session)
        except TimeoutError:
            return _lost(f"no answer within {timeout + _MARGIN:g}s")
        except asyncssh.ChannelOpenError as error:
            return _lost(f"no channel for it: {error.reason}")
        except (asyncssh.Error, OSError) as error:
            return _lost(f"the connection broke: {error}")
        finally:
            if channel is not None:
                channel.abort()
            if kept is not None:
                self._channels.pop(kept.id, None)


async def _follow(session: ActionSession) -> Ran | Outcome:
    await asyncio.wait({session.status, session.ended}, return_when=asyncio.FIRST_COMPLETED)
    if not session.status.done():
        session.status.cancel()
        return _lost(f"the connection broke: {session.ended.result() or 'the channel was closed'}")
    await asyncio.wait({session.ended}, timeout=_OUTPUT_GRACE)
    return Ran(session.status.result(), session.output[-_TAIL:])


def _lost(reason: str) -> Outcome:
    """Nobody knows how it ended; the reason may be the other side's own words."""
    return Outcome(None, printable(reason), lost=True)


def outcome_of(ran: Ran | Outcome, timeout: float) -> Outcome:
    """What became of an action, with a line for people."""
    if isinstance(ran, Outcome):
        return ran
    if ran.status == "busy":
        return Outcome(None, f"not begun within {timeout:g}s: {ran.output.strip()} has not ended")
    if ran.status == "ended":
        return Outcome(None, "ended before it was done: it had been given up", ran.output)
    if not ran.status.isdecimal():
        return Outcome(None, f"timed out after {timeout:g}s", ran.output)
    status = int(ran.status)
    if status == 0:
        return Outcome(0, "", ran.output)
    lines = [said for line in ran.output.splitlines() if (said := printable(line))]
    reason = f"{lines[-1]} (exit status {status})" if lines else f"exit status {status}"
    return Outcome(status, reason, ran.output)

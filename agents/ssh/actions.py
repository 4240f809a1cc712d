"""One script, run over an exec channel of its own, bounded on both sides.

Rules: script and environment go over stdin; the far side ends the script's whole group at its limit, this side waits a little longer and
then closes the channel, which ends it too.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

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
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"})


@dataclass(frozen=True, slots=True)
class Ran:
    """How a script ended: its exit status or ``timeout``, and the end of its output."""

    status: str
    output: str


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


def payload(script: str, environment: Mapping[str, str], timeout: float) -> bytes:
    """What the action's program is fed after itself."""
    feed, interpreter = _interpreter(script)
    settings = f"limit={timeout:g} feed={feed} interpreter={shlex.quote(interpreter)}\nscript={shlex.quote(script)}"
    return (exports(environment) + settings + "\n" + MARK).encode()


async def run_script(
    connection: asyncssh.SSHClientConnection, script: str, environment: Mapping[str, str], timeout: float
) -> Ran | Outcome:
    """Run it; an Outcome where it cannot be told how it ended."""
    text = payload(script, environment, timeout)
    session = ActionSession()
    channel: asyncssh.SSHClientChannel[bytes] | None = None
    try:
        async with time_limit(timeout + _MARGIN):
            channel, _ = await connection.create_session(lambda: session, reader_command(), encoding=None)
            channel.write(action_program() + text)
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
    if not ran.status.isdecimal():
        return Outcome(None, f"timed out after {timeout:g}s", ran.output)
    status = int(ran.status)
    if status == 0:
        return Outcome(0, "", ran.output)
    lines = [said for line in ran.output.splitlines() if (said := printable(line))]
    reason = f"{lines[-1]} (exit status {status})" if lines else f"exit status {status}"
    return Outcome(status, reason, ran.output)

"""``pcloud`` as a process of its own, on a terminal of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.agents.processes import state_of
from tests.api.serving import eventually

LONG = 40.0  # seconds; only a bug reaches it

PCLOUD = [sys.executable, "-m", "pcloud.cli"]

# Keys that are signals (Ctrl-C) reach those whose terminal it is: it is taken, and then the program is started in this same process.
AT_HOME = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"


def environment(socket: Path, **more: str) -> Mapping[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PCLOUD_DEBUG"}
    }
    return kept | {"PCLOUD_SOCKET": str(socket), "TERM": "xterm-256color", "PYTHONUTF8": "1"} | more


@dataclass
class Terminal:
    """What stands on it so far, and whoever runs there."""

    process: subprocess.Popen[bytes]
    handle: int
    text: str = field(default="")

    def until(self, said: Callable[[str], bool]) -> str:
        """Read until that was said."""
        deadline = time.monotonic() + LONG
        while not said(self.text):
            assert time.monotonic() < deadline, self.text
            assert self._read(), self.text
        return self.text

    def until_asked(self, question: str) -> None:
        """Until the question stands there and its answer is read: a signal just before that would wait for a key."""
        self.until(lambda text: question in text)
        eventually(lambda: state_of(self.process.pid) == "S")

    def end(self) -> int:
        """Read what is left; the exit code."""
        while self._read():
            pass
        return self.process.wait(LONG)

    def write(self, text: str) -> None:
        os.write(self.handle, text.encode())

    def _read(self) -> bool:
        ready, _, _ = select.select([self.handle], [], [], LONG)
        assert ready, self.text
        with contextlib.suppress(OSError):  # EIO: nobody is left on the other side
            if part := os.read(self.handle, 65536):
                self.text += part.decode(errors="replace")
                return True
        return False


@contextmanager
def on_terminal(socket: Path, *arguments: str, width: int = 80, program: Sequence[str] = PCLOUD) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", AT_HOME, *program, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(socket),
        cwd=socket.parent,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait(LONG)
        os.close(ours)

"""Standard output, as a terminal or a pipe.

Rules: a pipe gets whole lines, never wrapped and never coloured; a reader who has seen enough (``| head``) ends us quietly, with exit
code 0.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import sys
import threading
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

UNWRAPPED = 10_000  # columns: wider than any line of ours
LOOK = 0.2  # seconds until the one who watches for a closed pipe sees that it is no longer needed


class Screen(Console):
    """Where output goes. ``say`` and ``raw`` are all that is needed."""

    def __init__(self, *, stderr: bool = False) -> None:
        stream = sys.stderr if stderr else sys.stdout
        width = None if stream.isatty() or "COLUMNS" in os.environ else UNWRAPPED
        super().__init__(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)

    def say(self, text: Text | str = "") -> None:
        """One line; wrapped between words on a terminal, and never in a pipe."""
        self.print(text, soft_wrap=not self.is_terminal)

    def say_all(self, texts: Iterable[Text]) -> None:
        for text in texts:
            self.say(text)

    def raw(self, text: str) -> None:
        """For programs: exactly this, and a newline."""
        self.out(text, highlight=False)

    @contextlib.contextmanager
    def ended_with_reader(self) -> Iterator[None]:
        """While this waits for something to write, end as by Ctrl-C as soon as nobody reads any more (``| head``)."""
        # Not SIGINT: a shell that starts us in the background has it ignored.
        before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
        ended = threading.Event()
        watching = threading.Thread(target=_watch_reader, args=(ended, threading.get_ident()), name="reader of the pipe", daemon=True)
        watching.start()
        try:
            yield
        finally:
            ended.set()
            watching.join()
            signal.signal(signal.SIGUSR1, before)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        # What is still buffered must find an open end when the interpreter flushes it at exit.
        with contextlib.suppress(io.UnsupportedOperation):  # not a real stream: nothing is flushed at exit
            descriptor = os.open(os.devnull, os.O_WRONLY)
            os.dup2(descriptor, sys.stdout.fileno())
            os.close(descriptor)
        raise SystemExit(0)


def _watch_reader(ended: threading.Event, waiting: int) -> None:
    try:
        output = sys.stdout.fileno()
    except io.UnsupportedOperation:  # not a real stream: nobody can close it
        return
    poll = select.poll()
    poll.register(output, 0)  # errors alone: the other end of a pipe is closed
    while not ended.is_set():
        if poll.poll(LOOK * 1000):
            signal.pthread_kill(waiting, signal.SIGUSR1)
            return


def speak_any_encoding() -> None:
    """Let a terminal that is not UTF-8 show a question mark instead of ending us."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

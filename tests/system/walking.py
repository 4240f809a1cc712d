"""Walks through a page of docs: writes its files, runs its commands on a daemon of its own, and gives back what they print.

Rules of such a page: a ``yaml`` block behind ``<!-- file: NAME -->`` is that file; in a ``console`` block every line that begins with
``$ `` is a command, and what stands below it is what it prints; ``<!-- until: REGEX -->`` has the walk wait for it in the log of events.

``python -m tests.system.walking docs/first-steps.md`` writes a page anew, with what its commands print now.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pcloud.screen.format import event_line
from tests.cli.terminal import LONG, environment
from tests.system.running import Daemon, until

BLOCK = re.compile(r"(?:<!-- (?P<word>file|until): (?P<value>.+?) -->\n)?```(?P<kind>yaml|console)\n(?P<body>.*?)```\n", re.DOTALL)
WIDTH = "100"  # columns, for what is wrapped
BIN = Path(sys.executable).parent


class Walk:
    """``directory`` is where the reader sits."""

    def __init__(self, daemon: Daemon, directory: Path) -> None:
        self.daemon = daemon
        self.directory = directory

    def rewritten(self, page: str) -> str:
        """The page with what its commands print here."""
        return BLOCK.sub(self._block, page)

    def _block(self, found: re.Match[str]) -> str:
        if found["word"] == "file":
            (self.directory / found["value"]).write_text(found["body"])
        if found["word"] == "until":
            until(lambda: re.search(found["value"], self._log()), f"an event says {found['value']}")
        if found["kind"] != "console":
            return found[0]
        body = "".join(f"$ {command}\n{self._run(command)}" for command in commands(found["body"]))
        return found[0].replace(found["body"], body)

    def _log(self) -> str:
        return "\n".join(event_line(event, event.at).plain for event in self.daemon.events())

    def _run(self, command: str) -> str:
        places = {"COLUMNS": WIDTH, "PATH": f"{BIN}:{os.environ['PATH']}"}
        both = subprocess.STDOUT
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env={**environment(self.daemon.socket), **places},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=both,
            text=True,
            timeout=LONG,
            check=False,
        ).stdout


def commands(body: str) -> Iterator[str]:
    for line in body.splitlines():
        if line.startswith("$ "):
            yield line.removeprefix("$ ")


def main(path: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        daemon, directory = Daemon(Path(place)), Path(place, "reader")
        directory.mkdir()
        try:
            daemon.start()
            path.write_text(Walk(daemon, directory).rewritten(path.read_text()))
        finally:
            daemon.clear()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

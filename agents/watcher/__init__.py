"""The shell text that runs inside a machine, and how it is fed.

Rules: a program goes over stdin, never into arguments; the reader evaluates nothing that did not arrive whole; what follows it on stdin
are words for the program.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

MARK = "#go\n"
"""Ends each text that is fed to the reader or to a program."""

_READER = (
    'n=$(printf "\\nx");n="${n%x}";p=;g=;'
    'while IFS= read -r l;do case $l in "#go")g=1;break;;esac;p="$p$l$n";done;'
    'case $g in 1)eval "$p";;*)exit 1;;esac'
)


def reader_command(shell: str = "/bin/sh") -> str:
    """What sshd is asked to run: one line, without any quote or exclamation mark inside that a csh or fish would touch."""
    return f"exec {shell} -c '{_READER}' {shell}"


_FOR_PEOPLE = re.compile(r"^ *#.*\n|^ +", re.MULTILINE)
"""Comments and indentation. The reader takes a system call for each byte, and every role reads the text anew."""


@cache
def _text(name: str) -> str:
    return _FOR_PEOPLE.sub("", (files(__name__) / name).read_text(encoding="utf-8"))


@cache
def watcher_program() -> bytes:
    """The watcher, ready to be fed."""
    return (_text("engine.sh") + _text("watcher.sh") + MARK).encode()


@cache
def action_program(*, kept: bool) -> bytes:
    """The runner of one action, ready to be fed; of one that is ``kept`` under an id, or of one that ends with its connection."""
    return (_text("engine.sh") + _text("action.sh") + (_text("kept.sh") if kept else "") + 'main "$@"\n' + MARK).encode()

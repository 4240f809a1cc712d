"""Programs that leave nothing behind: each in a mount and a process namespace of its own, which end with it, and it with us.

Rules: Ctrl-C is for us, and we end the program; if we are killed the kernel does. Its mounts go with its last process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pcloud.errors import PcloudError, TimedOutError

SEAL = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
TOOLS = ("setpriv", "unshare")

# Neither the operator's language nor his HOME reach the programs; his proxies do, for they fetch packages.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir", "tmpdir")

LIMIT = 3600.0  # seconds for one program: a slow line and a slow disk together take a third of it
SHOWN = 6  # lines that an error shows


def run(words: Sequence[str], log: Path, hear: Callable[[str], None] = lambda _: None) -> None:
    """Run it to its end; what it prints goes to ``log``, line by line to ``hear``. PcloudError where it fails, TimedOutError."""
    late = threading.Event()
    with log.open("ab", buffering=0) as file, started(words) as process:

        def end() -> None:
            late.set()
            process.kill()

        alarm = threading.Timer(LIMIT, end)
        alarm.start()
        try:
            said = []
            for line in process.stdout or ():
                file.write(line)
                said.append(text := line.decode(errors="replace").rstrip())
                hear(text)
                del said[:-200]
            status = process.wait()
        finally:
            alarm.cancel()
            alarm.join()
    if late.is_set():
        raise TimedOutError(f"{words[0]} had not ended after {LIMIT:g}s, and was ended")
    if status != 0:
        raise PcloudError(f"{words[0]} ended with status {status}: {telling(said)}", cure_of(said))


@contextmanager
def started(words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """It runs for as long as the block does, and not longer."""
    process = subprocess.Popen(
        [*SEAL, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(os.environ),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        if process.stdout is not None:
            process.stdout.read()  # at its end the last of them has ended, and all mounts with it
            process.stdout.close()
        process.wait()


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What a program sees of ours."""
    return ENVIRONMENT | {name: value for name, value in ours.items() if name.lower() in PASSED_ON}


@contextmanager
def ended_politely() -> Iterator[None]:
    """SIGTERM and SIGHUP are as Ctrl-C is: what is under way is cleaned up first."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def telling(said: Sequence[str]) -> str:
    """The lines that tell why: those that are errors, else the last ones."""
    errors = [line for line in said if line.startswith(("E:", "dpkg: error", "W: Failed")) or "No space left" in line]
    return "; ".join(dict.fromkeys((errors or [line for line in said if line])[-SHOWN:])) or "it said nothing"


def cure_of(said: Sequence[str]) -> str:
    """What would help, where that can be told."""
    whole = "\n".join(said)
    cures = {
        "No space left on device": "make room on the disk",
        "Unable to locate package": "is the name right, and is the package in this release?",
        "NO_PUBKEY": "the mirror is signed with keys that are not in the keyring: name another one with --keyring",
        "is not signed": "the mirror is signed with keys that are not in the keyring: name another one with --keyring",
        "Could not connect": "can the mirror be reached from here? http_proxy is passed on",
        "Failed to fetch": "does the mirror have this release, and can it be reached from here? http_proxy is passed on",
        "404  Not Found": "does the mirror have this release?",
    }
    return next((cure for word, cure in cures.items() if word in whole), "")

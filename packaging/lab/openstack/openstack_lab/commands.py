"""Commands that do one thing and end: their output is kept, and what tells why is shown where they fail."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from openstack_lab.errors import LabError

# Neither the operator's proxies nor his language nor his HOME reach the lab's programs.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
TIMEOUT = 600.0  # seconds; nothing here takes a tenth of it on a machine that is not ill
SHOWN = 12  # lines of a log that an error shows
WIDTH = 300  # characters of each of them: some of OpenStack's hold a whole document
ERRORS = ("ERROR", "CRITICAL", "Traceback", "E: ", "error:")


def run(*argv: str, log: Path | None = None, stdin: str = "", env: Mapping[str, str] | None = None, timeout: float = TIMEOUT) -> str:
    """What it printed. LabError, with the lines that tell why, where it fails or takes too long."""
    name = " ".join(argv[:4])
    with log.open("w+b") if log else tempfile.TemporaryFile() as output:
        try:
            status = _status(argv, stdin, ENVIRONMENT | dict(env or {}), output, timeout)
        except FileNotFoundError as error:
            raise LabError(f"{argv[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{name} did not end within {timeout:.0f} s") from error
        output.seek(0)
        printed = output.read().decode(errors="replace")
    if status != 0:
        where = f"\n    the whole of it: {log}" if log else ""
        raise LabError(f"{name} ended with status {status}{telling(printed)}{where}")
    return printed


def _status(argv: Sequence[str], stdin: str, env: Mapping[str, str], output: IO[bytes], timeout: float) -> int:
    """Written as it comes, so that somebody who waits can read it."""
    done = subprocess.run(argv, input=stdin.encode(), stdout=output, stderr=subprocess.STDOUT, env=env, timeout=timeout, check=False)
    return done.returncode


def telling(log: str) -> str:
    """The lines of a log that tell why: the last run of errors, or else its end; ready to be put behind a sentence."""
    lines = [line for line in log.splitlines() if line.strip()]
    if not lines:
        return " and printed nothing"
    last = max((number for number, line in enumerate(lines) if is_error(line)), default=len(lines) - 1)
    first = max(0, last - SHOWN + 1)
    return ":\n" + "\n".join(f"    {line[:WIDTH]}" for line in lines[first : last + 1])


def is_error(line: str) -> bool:
    return any(word in line for word in ERRORS)


def network_settings() -> dict[str, str]:
    """The operator's proxies and certificates, for the programs that fetch packages."""
    wanted = ("http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
    return {name: value for name, value in os.environ.items() if name.lower() in wanted}

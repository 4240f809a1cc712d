"""Commands that do one thing and end: their output is kept, and what tells why is shown where they fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from openstack_lab.errors import LabError

# Neither the operator's proxies nor his language nor his HOME reach the lab's programs.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
TIMEOUT = 600.0  # seconds; nothing here takes a tenth of it on a machine that is not ill
SHOWN = 12  # lines of a log that an error shows
WIDTH = 300  # characters of each of them: some of OpenStack's hold a whole document
ERRORS = ("ERROR", "CRITICAL", "Traceback", "E: ", "error:")


def run(
    *argv: str, log: Path | None = None, stdin: str | None = None, env: Mapping[str, str] | None = None, timeout: float = TIMEOUT
) -> str:
    """What it printed. LabError, with the lines that tell why, where it fails or takes too long."""
    name = " ".join(argv[:4])
    try:
        done = subprocess.run(
            argv,
            input=stdin or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=ENVIRONMENT | dict(env or {}),
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{name} did not end within {timeout:.0f} s") from error
    if log:
        log.write_text(done.stdout)
    if done.returncode != 0:
        where = f"\n    the whole of it: {log}" if log else ""
        raise LabError(f"{name} ended with status {done.returncode}{telling(done.stdout)}{where}")
    return done.stdout


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

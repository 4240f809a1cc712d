"""``python -m tests.fuzz SECONDS [TARGET...]``: all targets for so long, guided by coverage where atheris is installed, else by hypothesis.

Rules: what it learns of a target stays in .cache/fuzz and is where the next run begins; what does harm is left in .cache/fuzz/harm, to be
put into tests/fuzz/cases/TARGET when it is mended. Exit status 1 where anything did.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile

from hypothesis import HealthCheck, given, settings

from tests.fuzz.bounds import within
from tests.fuzz.inputs import inputs
from tests.fuzz.loops import close_loop
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

KEPT = Path(".cache/fuzz")
HARM = KEPT / "harm"
USUAL = 120.0
"""Seconds in all: the build's patience."""
LONGEST = 2048
"""Bytes of an input: each stands for many choices."""
ONE = 60
"""Seconds for one input: a hundred times what any of them takes on a busy machine."""
MEMORY = 1024
"""MiB for the process: half of it is what Python and the libraries are."""
ROUND = 50
"""Examples between two looks at the clock."""


def guided(target: Target, seconds: float) -> bool:
    """Whether nothing did harm."""
    known = KEPT / target.name
    known.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (known / f"seed-{number}").write_bytes(seed)
    for case in target.cases():
        copyfile(case, known / f"case-{case.name}")
    options = [f"-max_total_time={max(1, round(seconds))}", f"-max_len={LONGEST}", f"-timeout={ONE}", f"-rss_limit_mb={MEMORY}"]
    command = [sys.executable, "-m", "tests.fuzz.guided", target.name, *options, f"-artifact_prefix={HARM}/{target.name}-", str(known)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=seconds + 10 * ONE)
    said = (done.stdout + done.stderr).splitlines()
    summary = next((line for line in reversed(said) if line.startswith("Done")), f"ended with {done.returncode}")
    sys.stdout.write(f"{target.name}: {summary}\n" if done.returncode == 0 else f"{target.name}: HARM\n{_told(said)}\n")
    sys.stdout.flush()
    return done.returncode == 0


def _told(said: Sequence[str]) -> str:
    """Without the fuzzer's own progress."""
    return "\n".join(line for line in said if not line.startswith(("#", "INFO:")))[-4000:]


def guessed(target: Target, seconds: float) -> bool:
    """The same by hypothesis, which says itself what did harm, and remembers it."""
    end, count = time.monotonic() + seconds, 0
    target.run(b"")

    @settings(max_examples=ROUND, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs(target))
    def a_round(found: bytes) -> None:
        nonlocal count
        count += 1
        with within(target.bounds, len(found)):
            target.run(found)

    while time.monotonic() < end:
        a_round()
    sys.stdout.write(f"{target.name}: {count} inputs\n")
    return True


def main(arguments: Sequence[str]) -> int:
    seconds = float(arguments[0]) if arguments else USUAL
    chosen = [TARGETS[name] for name in arguments[1:]] or list(TARGETS.values())
    HARM.mkdir(parents=True, exist_ok=True)
    if find_spec("atheris") is None:
        sys.stdout.write("atheris is not installed here: hypothesis alone, and no coverage guides it\n")
        fine = [guessed(target, seconds / len(chosen)) for target in chosen]
        close_loop()
    else:
        beside = min(os.cpu_count() or 1, len(chosen))
        with ThreadPoolExecutor(beside) as threads:
            fine = list(threads.map(lambda target: guided(target, seconds * beside / len(chosen)), chosen))
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

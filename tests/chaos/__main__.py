"""`python -m tests.chaos [--seed N] [--minutes M]`: faults at random on a real daemon, judged from outside. See docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import namespace, report
from tests.chaos.run import Run, say
from tests.chaos.schedule import draw, write

LONGEST = 24 * 60.0


def minutes(text: str) -> float:
    """A length that makes sense."""
    value = float(text)
    if not 0.2 <= value <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is no length of a run: 0.2 to {LONGEST:g} minutes")
    return value


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make chaos", description="Faults at random on a real daemon, judged from outside.")
    parser.add_argument("--seed", type=int, default=None, help="draws the schedule; a new one if not said")
    parser.add_argument("--minutes", type=minutes, default=3.0, help="how long faults strike (default 3), coming up and down not included")
    parser.add_argument("--no-twin", action="store_true", help="without the naive loop beside")
    parser.add_argument("--monotonic", action="store_true", help="clock faults set the daemon's monotonic clock too")
    parser.add_argument("--schedule", action="store_true", help="only show what would strike")
    parser.add_argument("--keep", type=Path, default=Path(".cache/chaos"), help="where schedule, report and logs go (default .cache/chaos)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Exit status 0: nothing was found; 1: something was; 2: no run is possible here."""
    given = arguments(argv)
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    faults = draw(seed, given.minutes * 60.0)
    if given.schedule:
        sys.stdout.write("".join(f"{fault}\n" for fault in faults))
        return 0
    if not given.inside:
        if reason := namespace.why_not():
            sys.stderr.write(f"{reason}\n")
            return 2
        given.keep.mkdir(parents=True, exist_ok=True)
        namespace.enter([*argv, f"--seed={seed}", "--inside"])  # the last seed holds
    return go(given, seed, faults)


def go(given: argparse.Namespace, seed: int, faults: tuple) -> int:
    """Inside."""
    say(f"seed {seed}: {len(faults)} faults in {given.minutes:g} minutes")
    write(given.keep / "schedule.json", seed, faults)
    logs, place = given.keep.resolve(), namespace.place()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the daemon is started dozens of times: as installed, it is not compiled each time
    os.environ["PYTHONPYCACHEPREFIX"] = str(place / "bytecode")
    result = Run(place, logs, seed, faults, twin=not given.no_twin, monotonic=given.monotonic).run()
    findings = report.judged(result.pcloud)
    text = report.whole(result, seed, given.minutes, findings)
    report.save(given.keep, result, text)
    sys.stdout.write(f"\n{text}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

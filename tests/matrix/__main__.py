"""``python -m tests.matrix [WORDS]``: the whole matrix, or the cases that have these words in their names; prints its table.

``--jobs N`` daemons run side by side (they mostly wait), ``--table FILE`` gets the table, in which a case that went wrong is in capitals.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
from pathlib import Path

from tests.matrix.printing import printed
from tests.matrix.running import Result, run_all
from tests.matrix.table import matrix

JOBS = 6


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # those under way clean up
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description="Cuts every recovery at each of its points.")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    chosen = [case for case in matrix() if all(word in str(case) for word in given.words)]
    random.Random(0).shuffle(chosen)  # what is like another case does not come with it
    began = time.monotonic()
    results: list[Result] = []
    for result in run_all(chosen, given.jobs):
        results.append(result)
        said = "; ".join(result.problems) or result.end
        say(f"{len(results)}/{len(chosen)} {result.case}: {said} ({result.seconds:.0f} s)")
        if result.problems:
            say(result.story)
    table = printed(results)
    if given.table:
        given.table.write_text(table)
    bad = [result for result in results if result.problems]
    say(f"\n{table}\n{len(results)} cases, {len(bad)} not as they must be, {time.monotonic() - began:.0f} s")
    say("".join(f"  {result.case}: {'; '.join(result.problems)}\n" for result in bad))
    return 1 if bad or not results else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""How long ``pcloud simulate`` takes for a day of trace; less than a second is what a reader of its table waits for gladly.

Prints a table: the trace, seconds of CPU (the best of three), and how many decisions came of it.
"""

from __future__ import annotations

import time
from pathlib import Path

from pcloud.simulation.run import simulate
from pcloud.simulation.trace import read_trace
from pcloud.spec.files import files_of
from pcloud.spec.overriding import plan_overridden

SPEC = Path(__file__).parent.parent / "tests" / "scenarios" / "specs" / "wordpress.yaml"
DAY = 86400
FAULT_EVERY = 600
RUNS = 3


def faults() -> str:
    """A fault every ten minutes: the two services in turn, every third time soft."""
    targets = ("mysql/mysqld", "web/apache")
    lines = [f"{at} fail {targets[n % 2]}{' soft' if n % 3 == 0 else ''}" for n, at in enumerate(range(0, DAY, FAULT_EVERY))]
    return "\n".join(lines)


TRACES = {
    "a day in which nothing happens": f"{DAY} pass web",
    "a day with a fault every ten minutes": faults(),
    "a soft fault that lasts all day": f"0 fail web/apache soft until never\n{DAY} pass web/apache",
    "a hard fault that lasts all day": f"0 fail web/apache until never\n{DAY} pass web/apache",
    "a silent machine that is held all day": f"0 cloud-api down\n0 silent mysql until never\n{DAY} pass mysql",
    "a held machine that a peer still reaches": f"0 silent mysql until never\n1 pass mysql/mysqld\n{DAY} pass mysql",
}


def main() -> None:
    source = SPEC.read_text()
    plan = plan_overridden(source, path=str(SPEC), files=dict.fromkeys(files_of(source), "#!/bin/sh\n"), settings=[])
    print(f"{'trace':42} {'CPU s':>8} {'decisions':>10}")
    for name, text in TRACES.items():
        best, decisions = float("inf"), 0
        for _ in range(RUNS):
            begun = time.process_time()
            decisions = len(simulate(plan, read_trace(text, plan)))
            best = min(best, time.process_time() - begun)
        print(f"{name:42} {best:8.3f} {decisions:10}")


if __name__ == "__main__":
    main()

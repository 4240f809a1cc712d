"""``lsb:`` on a real machine, by the contract of all resource agents: an init script as Debian writes them, with a real daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcloud.model.plan import LsbAgent, ResourcePlan
from pcloud.model.words import Verdict
from tests.agents.benches import NOISE, SLEEP, MachineBench, says
from tests.agents.contract import CASES, Refusal, cases_of
from tests.agents.machine import Machine

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not Path("/lib/lsb/init-functions").exists(), reason="install sysvinit-utils (or lsb-base)"),
]

HANG = "sleep 1207.5"
SECONDS = SLEEP.removeprefix("sleep ")
ACTIONS = {
    "start": f"""\
    log_daemon_msg "Starting" svc
    start-stop-daemon --start --oknodo --quiet --background --make-pidfile --pidfile "$pidfile" --exec /bin/sleep -- {SECONDS}
    log_end_msg $?""",
    "stop": """\
    log_daemon_msg "Stopping" svc
    start-stop-daemon --stop --oknodo --quiet --retry=TERM/5/KILL/5 --pidfile "$pidfile" --exec /bin/sleep
    log_end_msg $?
    rm -f "$pidfile" """,
    "status": 'status_of_proc -p "$pidfile" /bin/sleep svc',
}
"""As Debian's own scripts have them (``/etc/init.d/ssh``, say)."""


def script_text(**actions: str) -> str:
    cases = "".join(f"  {name})\n{text}\n    ;;\n" for name, text in (ACTIONS | actions).items())
    return f"""#!/bin/sh
### BEGIN INIT INFO
# Provides: svc
### END INIT INFO
. /lib/lsb/init-functions
pidfile=$PCLOUD_ROOT/run/svc.pid
case $1 in
{cases}  *) echo "Usage: $0 {{start|stop|status}}"; exit 2 ;;
esac
"""


class LsbBench(MachineBench):
    kind = "lsb"
    missing = Refusal(Verdict.BROKEN, hard=True, words="missing script lsb:nope")
    forbidden = Refusal(Verdict.BROKEN, hard=True, words="may not be executed", stops=False)

    def service(self) -> ResourcePlan:
        return self.of(self.script())

    def script(self, mode: int = 0o755, **actions: str) -> LsbAgent:
        self.write("etc/init.d/svc", script_text(**actions), mode)
        return LsbAgent("svc")

    def failing_start(self) -> ResourcePlan:
        return self.of(self.script(start="log_failure_msg 'no database'; exit 1"))

    def hanging_start(self) -> ResourcePlan:
        return self.short(self.script(start=HANG))

    def hanging_stop(self) -> ResourcePlan:
        return self.short(self.script(stop=HANG))

    def hanging_monitor(self) -> ResourcePlan:
        return self.of(self.script(status=HANG), timeout=1.0)

    def not_installed(self) -> ResourcePlan:
        return self.of(LsbAgent("nope"))

    def not_permitted(self) -> ResourcePlan:
        return self.of(self.script(0o644))

    def noisy(self) -> ResourcePlan:
        return self.of(self.script(**{name: f"{NOISE}\n{text}" for name, text in ACTIONS.items()}))


BENCH = LsbBench


@pytest.mark.parametrize("case", cases_of(LsbBench))
async def test_case(machine: Machine, case: str) -> None:
    await CASES[case](LsbBench(machine))


STATUSES = {
    0: (Verdict.PASSED, ""),
    **{status: (Verdict.FAILED, f"it said {status}: not running, it died and left its pid or lock file") for status in (1, 2)},
    3: (Verdict.FAILED, "it said 3"),
    4: (Verdict.UNKNOWN, "it said 4 (LSB status 4: unknown)"),
    150: (Verdict.MISSED, "it said 150 (LSB status 150)"),
}


async def test_a_status_means_what_lsb_says(machine: Machine) -> None:
    bench = LsbBench(machine)
    service = bench.of(bench.script(status='read -r n <"$PCLOUD_ROOT/state"; echo "it said $n"; exit "$n"'))
    await says(machine, service, machine.root / "state", STATUSES)

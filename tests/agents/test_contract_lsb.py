"""``lsb:`` on a real machine, by the contract of all resource agents: an init script as Debian writes them, with a real daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcloud.model.plan import LsbAgent, ResourcePlan
from pcloud.model.ports import ContactSeen
from pcloud.model.words import Verdict
from tests.agents.benches import NOISE, SLEEP, MachineBench
from tests.agents.contract import CASES, Refusal, cases_of
from tests.agents.machine import Machine
from tests.agents.sightings import plan, watching

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


@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [
        (0, Verdict.PASSED, ""),
        (1, Verdict.FAILED, "dead: not running, it died and left its pid or lock file"),
        (2, Verdict.FAILED, "dead: not running, it died and left its pid or lock file"),
        (3, Verdict.FAILED, "dead"),
        (4, Verdict.UNKNOWN, "dead (LSB status 4: unknown)"),
        (150, Verdict.MISSED, "dead (LSB status 150)"),
    ],
)
async def test_a_status_means_what_lsb_says(machine: Machine, status: int, verdict: Verdict, reason: str) -> None:
    service = LsbBench(machine).of(LsbBench(machine).script(status=f"echo dead; exit {status}"))
    async with watching(machine, plan(service)) as (_, sightings):
        await sightings.first(ContactSeen)
        assert (await sightings.probe(verdict)).reason == reason

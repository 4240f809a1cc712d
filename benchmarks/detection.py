"""From kill -9 to detected and to healthy: pcloud on its embedded cloud and on a systemd machine, beside Monit and systemd itself."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pcloud.errors import PcloudError
from pcloud.records.event import EventRecord
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.system.running import Daemon, until

ROUNDS = 20
SLOW_CYCLE = 30  # seconds: Monit's own default is 120, Debian's configuration says 120; 30 is what many set
FAST_CYCLE = 1  # the shortest that Monit has
SLOW_AT_ONCE = 5  # services that one slow Monit keeps, so that its rounds take minutes and not a quarter of an hour
BETWEEN = (1.5, 2.5)  # seconds between two kills of one service: at any phase of whatever looks at it

# A service that writes down when its process begins and when it serves. Its own needs are the time between them.
SERVICE = """
import pathlib, socket, sys, time
log = pathlib.Path(sys.argv[1])
listener = socket.create_server((sys.argv[2], int(sys.argv[3])))
with log.open("a") as file:
    file.write(f"{sys.argv[4]} {time.time()}\\n")
while True:
    connection, _ = listener.accept()
    connection.sendall(b"hello\\n")
    connection.close()
"""
RUN = '#!/bin/sh\nexec python3 "$0.py" "$@" "$(date +%s.%N)"\n'
UNIT = "[Service]\nExecStart=/opt/serve /opt/{name}.log 127.0.0.1 {port}\n"
MONIT = """set daemon {cycle}
set logfile /opt/monit{cycle}.log
set pidfile /run/monit{cycle}.pid
set idfile /opt/monit{cycle}.id
set statefile /opt/monit{cycle}.state
"""
MONITORED = """check process {name} matching "opt/{name}.log"
  start program = "/bin/systemctl start {name}"
  stop program = "/bin/systemctl stop {name}"
"""
SPEC = """
deployable: bench
infrastructure: local
recovery: {{restart: {{failures: 2, within: 1s, delay: 0s}}}}
assemblies:
  near:
    image: host
    data: ephemeral
    resources: {{service: {{agent: "process:{serve} {near} $PCLOUD_ADDRESS 7000", checks: [{{tcp: 7000}}]}}}}
  far:
    address: {address}
    monitor: {{user: root, host_key: "{host_key}"}}
    resources: {{service: {{agent: "systemd:ours", checks: [{{tcp: 7001}}]}}}}
"""


@dataclass
class Service:
    """One that is killed again and again; ``log`` is where it writes, ``target`` its name at pcloud, if it is kept by that."""

    name: str
    log: Path
    target: str = ""
    detected: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    healthy: list[float] = field(default_factory=list)
    needs: list[float] = field(default_factory=list)

    def starts(self) -> list[tuple[float, float]]:
        """When its process began and when it served, of each start."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(float(line.split()[0]), float(line.split()[1])) for line in lines if len(line.split()) == 2]

    def kill(self) -> float:
        """Kill -9; the moment."""
        pid = next(pid for pid, command in commands() if "serve.py" in command and f"/{self.log.name} " in command)
        at = time.time()
        os.kill(pid, signal.SIGKILL)
        return at

    def until_back(self, before: int, patience: float) -> tuple[float, float]:
        return until(lambda: self.starts()[before:], f"{self.name} serves again", patience)[0]


def commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue


def kill_and_wait(service: Service, patience: float = 30.0) -> None:
    """One round with what brings it back by itself: it has noticed when the new process begins."""
    before = len(service.starts())
    at = service.kill()
    began, served = service.until_back(before, patience)
    service.detected.append(began - at)
    service.served.append(served - at)
    service.needs.append(served - began)


def kill_and_hear(service: Service, daemon: Daemon) -> None:
    """One round with pcloud: its events tell when it knew, and when it knew that all was well."""
    before, mark = len(service.starts()), daemon.newest()

    def told(state: str) -> EventRecord:
        return daemon.until_event(lambda event: event.target == service.target and event.to == state, f"{service.name} is {state}", mark)

    at = service.kill()
    began, served = service.until_back(before, 60.0)
    service.detected.append(told("failed").at.timestamp() - at)
    service.healthy.append(told("healthy").at.timestamp() - at)
    service.served.append(served - at)
    service.needs.append(served - began)


def kill_at_random(services: list[Service], rounds: int) -> None:
    """Rounds with the slow Monit, all of its services at once, each at its own phase of the cycle."""

    def play(service: Service, times: int) -> None:
        for _ in range(times):
            time.sleep(random.uniform(0, SLOW_CYCLE))
            kill_and_wait(service, 4 * SLOW_CYCLE)

    share = -(-rounds // len(services))
    threads = [threading.Thread(target=play, args=(each, share), name=each.name) for each in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def prepare(machine: SystemdMachine, monit: Path) -> dict[str, Service]:
    """Write the units and the two Monits into a machine that has not booted yet."""
    machine.write("opt/serve", RUN, 0o755)
    machine.write("opt/serve.py", SERVICE)
    shutil.copy(monit, machine.path("usr/bin/monit"))
    slow = [f"slow{number}" for number in range(SLOW_AT_ONCE)]
    names = ["ours", "floor", "fast", *slow]
    for port, name in enumerate(names, 7001):
        more = "Restart=always\n" if name == "floor" else ""
        machine.write(f"etc/systemd/system/{name}.service", UNIT.format(name=name, port=port) + more + "[Unit]\nStartLimitIntervalSec=0\n")
    for cycle, kept in ((FAST_CYCLE, ["fast"]), (SLOW_CYCLE, slow)):
        text = MONIT.format(cycle=cycle) + "".join(MONITORED.format(name=name) for name in kept)
        machine.write(f"etc/monit{cycle}", text, 0o600)
        machine.write(f"etc/systemd/system/monit{cycle}.service", f"[Service]\nExecStart=/usr/bin/monit -I -c /etc/monit{cycle}\n")
    return {name: Service(name, machine.path(f"opt/{name}.log")) for name in names}


def begin(machine: SystemdMachine, names: list[str]) -> None:
    until(lambda: machine.run("true").returncode == 0, "the machine answers")
    machine.run(f"systemctl start {' '.join(names)}").check_returncode()


@contextmanager
def controller(place: Path, machine: SystemdMachine) -> Iterator[tuple[Daemon, Service]]:
    """A daemon that keeps one service on a machine of the embedded cloud, and "ours" on the systemd machine."""
    place.mkdir()
    (place / "serve").write_text(RUN)
    (place / "serve").chmod(0o755)
    (place / "serve.py").write_text(SERVICE)
    near = Service("local", place / "near.log", "bench/near/service")
    daemon = Daemon(place)
    try:
        daemon.start()
        host_key = " ".join(machine.instance().host_key.split()[:2])
        name = daemon.create(SPEC.format(serve=place / "serve", near=near.log, address=machine.address, host_key=host_key))
        daemon.client.start(name)
        key = until(lambda: next(daemon.state.glob("**/clients/bench"), None), "the deployable has a key")
        public = subprocess.run(["ssh-keygen", "-y", "-f", key], check=True, capture_output=True, text=True, timeout=10).stdout
        keys = machine.path("root/.ssh/authorized_keys")
        keys.write_text(keys.read_text() + public)
        daemon.until_state(name, "healthy")
        yield daemon, near
        daemon.client.stop(name)
        daemon.until_state(name, "stopped")
        daemon.end()
    finally:
        daemon.clear()


def spread(times: list[float]) -> str:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(times)
    return f"{statistics.median(ordered) * 1e3:,.0f} / {ordered[max(0, -(-len(ordered) * 95 // 100) - 1)] * 1e3:,.0f}"


def row(operation: str, ours: list[float], peer: str = "", theirs: list[float] | None = None) -> None:
    there = f"{spread(theirs)}, {peer}" if theirs else ""
    ratio = f"{statistics.median(theirs) / statistics.median(ours):.1f}x" if theirs else ""
    print(f"{operation:52} {spread(ours):>16}   {there:44} {ratio:>8}")


def report(ours: Service, near: Service, floor: Service, fast: Service, slow: Service) -> None:
    print(f"{'median / 95th percentile of ' + str(len(ours.detected)) + ' kills, ms':52} {'ours':>16}   {'peer':44} {'ratio':>8}")
    peers = ((f"Monit, {SLOW_CYCLE} s cycles", slow), (f"Monit, {FAST_CYCLE} s cycles", fast), ("systemd, Restart=always", floor))
    for where, each in (("on a systemd machine, over SSH", ours), ("on local", near)):
        for peer, other in peers:
            row(f"killed to detected, {where}", each.detected, peer, other.detected)
        for peer, other in peers:
            row(f"killed to serving again, {where}", each.served, peer, other.served)
        row(f"killed to known healthy, {where}", each.healthy)
        row("  of that, what the service itself needs", each.needs)
        row("  of that, all else", [healthy - needs for healthy, needs in zip(each.healthy, each.needs, strict=True)])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS, help=f"kills of each kind ({ROUNDS})")
    rounds = options.parse_args().rounds
    monit = shutil.which("monit")
    if reason := why_not() or ("" if monit else "missing here: monit"):
        sys.exit(f"{reason}\nAs root: apt-get install --no-install-recommends systemd-container mmdebstrap monit")
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pcloud-detection-")))
        services: dict[str, Service] = {}
        machine = stack.enter_context(systemd_machine(place, prepare=lambda made: services.update(prepare(made, Path(str(monit))))))
        begin(machine, [*services, f"monit{FAST_CYCLE}", f"monit{SLOW_CYCLE}"])
        daemon, near = stack.enter_context(controller(place / "controller", machine))
        slow = [each for name, each in services.items() if name.startswith("slow")]
        playing = threading.Thread(target=kill_at_random, args=(slow, rounds), name="slow Monit")
        playing.start()
        services["ours"].target = "bench/far/service"
        for _ in range(rounds):
            for each in (services["ours"], near):
                kill_and_hear(each, daemon)
            for each in (services["floor"], services["fast"]):
                kill_and_wait(each)
            time.sleep(random.uniform(*BETWEEN))
        playing.join()
        together = Service("slow", Path())
        for each in slow:
            together.detected += each.detected
            together.served += each.served
        report(services["ours"], near, services["floor"], services["fast"], together)


if __name__ == "__main__":
    try:
        main()
    except PcloudError as error:
        sys.exit(str(error))

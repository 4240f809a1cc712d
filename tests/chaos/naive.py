"""What many a site has instead: a loop that asks every machine for its page, and makes a machine anew when it has not answered three times.

`python -m tests.chaos.naive PYTHON STATE`; it works on clouds of the same kind as the daemon's, by the same driver with the same faults.
It knows no silence, no second sight, no storm, no fence and no ambiguous answer. What it does is told on its output.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from cpe.shell.infrastructures.local.faults import Faults, FaultyNodeDriver
from tests.chaos.applications import INFRASTRUCTURES, SCALE, Application, Part, applications, program
from tests.chaos.daemon import sleep

MISSES = 3
TIMEOUT = 3.0
"""Seconds: what such loops think long."""
THREADS = 8

START = """#!/bin/sh
cat > "$PCLOUD_ROOT/service.py" <<'END'
{program}END
{variables} setsid python3 -I -S "$PCLOUD_ROOT/service.py" </dev/null >/dev/null 2>&1 &
"""


class Loop:
    """All machines, by target; what is known of each: id, address, generation, misses."""

    def __init__(self, state: Path) -> None:
        self._file = state / "machines.json"
        self._known: dict[str, dict[str, Any]] = {}
        with suppress(OSError, ValueError):
            self._known = json.loads(self._file.read_text())
        clouds = {name: state / "clouds" / name for name in INFRASTRUCTURES}
        for cloud in clouds.values():
            cloud.mkdir(exist_ok=True)
        faults = {name: Faults(cloud) for name, cloud in clouds.items()}
        self._drivers = {name: FaultyNodeDriver(cloud, faults[name]) for name, cloud in clouds.items()}

    def run(self) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            while True:
                list(pool.map(self.look_after, applications()))
                time.sleep(SCALE.interval)

    def look_after(self, application: Application) -> None:
        """Each machine once; what goes wrong is tried again in the next round."""
        for part in application.parts:
            known = self._known.setdefault(f"{application.name}/{part.name}", {"generation": 0, "misses": MISSES})
            known["misses"] = 0 if answers(known.get("address", "")) else known["misses"] + 1
            if known["misses"] >= MISSES:
                try:
                    self.make_anew(application, part, known)
                except Exception as error:  # noqa: BLE001 - as such loops do
                    print(f"{application.name}/{part.name}: {error}", flush=True)  # noqa: T201

    def make_anew(self, application: Application, part: Part, known: dict[str, Any]) -> None:
        """Destroy it, if that can be done, and create another."""
        driver, target = self._drivers[application.infrastructure], f"{application.name}/{part.name}"
        print(json.dumps({"at": time.monotonic(), "target": target, "generation": known["generation"] + 1}), flush=True)  # noqa: T201
        if known.get("id"):
            with suppress(Exception):
                driver.destroy_node(driver.ex_get_node(known["id"]))
        volumes = {}
        if part.volume:
            known["volume"] = known.get("volume") or driver.create_volume(1, f"{application.name}-{part.name}").id
            volumes = {known["volume"]: "/data"}
        known["generation"] += 1
        tags = {"pcloud-deployable": application.name, "pcloud-assembly": part.name, "pcloud-generation": str(known["generation"])}
        addresses = {name.upper(): self._known.get(f"{application.name}/{name}", {}).get("address", "") for name in part.after}
        script = START.format(program=program(), variables=" ".join(f"{name}={address}" for name, address in addresses.items()))
        size, image = driver.list_sizes()[0], driver.list_images()[0]
        node = driver.create_node(target.replace("/", "-"), size, image, script.encode(), tags, volumes)
        known.update(id=node.id, address=node.public_ips[0], misses=0)
        with suppress(OSError):
            self._file.write_text(json.dumps(self._known))


def answers(address: str) -> bool:
    """Whether its page is there."""
    if not address:
        return False
    try:
        with socket.create_connection((address, 8000), TIMEOUT) as connection:
            connection.settimeout(TIMEOUT)
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(4096)
    except OSError:
        return False


if __name__ == "__main__":
    sys.executable, time.sleep = sys.argv[1], sleep
    Loop(Path(sys.argv[2])).run()

"""The recoveries of the matrix: what each begins with, what sets it off, and what must have come of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from pcloud.errors import PcloudError
from pcloud.records.requests import SpecUpload
from tests.system.running import Daemon

NAME = "pair"

# It writes where it runs into the volume, and takes a lock there: two that run at once are seen by the second.
SERVICE = r"""exec 9>>"$PCLOUD_ROOT/data/lock"
flock -n 9 || echo "$PCLOUD_ROOT" >> "$PCLOUD_ROOT/data/double"
echo "$PCLOUD_ROOT" >> "$PCLOUD_ROOT/data/ledger"
exec sleep 100000"""

# Every further failure of a rung that was cut does its action again soon, and none but the rung itself is tried.
STEADY = "{failures: 8, within: 1h, delay: 200ms, max_delay: 1s, verify: 20s}"
AT_ONCE = "{failures: 1}"


def spec(recovery: str, *, other: int = 200000, front: str = "'true'", members: str = "") -> str:
    """Two machines, the front after the back, whose services keep what they do on a volume."""
    indented = SERVICE.replace("\n", "\n        ")
    return f"""
deployable: {NAME}
infrastructure: local
defaults:
  monitor: {{interval: 500ms, timeout: 3s, silence: 6s}}
  image: host
recovery: {{{recovery}}}
assemblies:
  back:
    volumes: {{data: {{size: 1MiB, mount: /data}}}}
    provision:
      inline: |
        cat > "$PCLOUD_ROOT/service" <<'END'
        {indented}
        END
    resources:
      service: {{agent: 'process:sh "$PCLOUD_ROOT/service"'}}
      other: {{agent: 'process:sleep {other}'}}
  front:
    data: ephemeral
    after: [back]
    parameters: {{BACK: "${{back.address}}"}}
    provision: {{inline: {front}}}
    configure: {{inline: 'echo "$BACK" >> "$PCLOUD_ROOT/backs"'}}
    resources: {{sleeper: {{agent: 'process:sleep 300000'}}}}
{members}"""


LEAVES = "  cache: {data: ephemeral, resources: {sleeper: {agent: 'process:sleep 400000'}}}\n"
JOINS = "  joined: {data: ephemeral, resources: {sleeper: {agent: 'process:sleep 500000'}}}\n"


@dataclass(frozen=True)
class Recovery:
    """``spec`` is what it is brought up with, if it ``begins`` healthy; ``set_off`` sets it off.

    ``ends`` is the state that it must come to, and each assembly of ``generations`` then runs one generation, not before that. Where there
    is a ``cut``, the daemon is killed at this point first, and ``between`` is done before it is started again.
    """

    name: str
    spec: str
    set_off: Callable[[Daemon], None]
    generations: dict[str, int]
    ends: str = "healthy"
    begins: str = "healthy"
    cut: str = ""
    between: Callable[[Daemon], None] = lambda _: None


def upload(source: str) -> SpecUpload:
    return SpecUpload(source=source, path="pair.yaml")


def kill_service(daemon: Daemon) -> None:
    os.kill(daemon.pid(NAME, "back", "service"), signal.SIGKILL)


def start(daemon: Daemon) -> None:
    daemon.client.start(NAME)


def stop(daemon: Daemon) -> None:
    daemon.client.stop(NAME)


RELOADED = spec(f"relaunch: {STEADY}, keep_failed: 0", other=222222, front="'true again'", members=JOINS)


def reload(daemon: Daemon) -> None:
    daemon.client.reload(NAME, upload(RELOADED))


def power_off(daemon: Daemon) -> None:
    """Everything that runs of the back, from outside."""
    driver = LocalNodeDriver(daemon.cloud)
    for node in driver.list_nodes():
        if "-back-" in node.name:
            driver.stop_node(node)


def power_on(daemon: Daemon) -> None:
    """Every machine of the back, from outside."""
    driver = LocalNodeDriver(daemon.cloud)
    for node in driver.list_nodes():
        if "-back-" in node.name:
            driver.start_node(node)


def reboot(daemon: Daemon) -> None:
    power_off(daemon)
    daemon.client.reboot(NAME, "back")


LOW = f"restart: {AT_ONCE}, reboot: {AT_ONCE}"
ALL = {
    each.name: each
    for each in (
        Recovery("restart", spec(f"restart: {STEADY}"), kill_service, {"back": 1, "front": 1}),
        Recovery("reboot", spec(f"restart: {AT_ONCE}, reboot: {STEADY}"), kill_service, {"back": 1, "front": 1}),
        Recovery("relaunch", spec(f"{LOW}, relaunch: {STEADY}, keep_failed: 0"), kill_service, {"back": 2, "front": 1}),
        Recovery(
            "relaunch_deployable",
            spec(f"{LOW}, relaunch: {AT_ONCE}, relaunch_deployable: {STEADY}, allow: relaunch_deployable"),
            kill_service,
            {"back": 2, "front": 2},
        ),
        Recovery("start", spec(f"relaunch: {STEADY}"), start, {"back": 1, "front": 1}, begins="stopped"),
        Recovery("stop", spec(f"relaunch: {STEADY}"), stop, {}, ends="stopped"),
        Recovery(
            "reload",
            spec(f"relaunch: {STEADY}, keep_failed: 0", members=LEAVES),
            reload,
            {"back": 1, "front": 2, "joined": 1},
        ),
        Recovery("reboot, found off", spec(f"reboot: {STEADY}"), reboot, {"back": 1, "front": 1}),
        Recovery(
            "relaunch, found off",
            spec(f"{LOW}, relaunch: {STEADY}, keep_failed: 0"),
            kill_service,
            {"back": 2, "front": 1},
            cut="launch.create.answered",
            between=power_off,
        ),
        Recovery(
            "relaunch, old one on",
            spec(f"{LOW}, relaunch: {STEADY}"),
            kill_service,
            {"back": 2, "front": 1},
            cut="launch.stored",
            between=power_on,
        ),
    )
}


def prepare(daemon: Daemon, recovery: Recovery) -> None:
    """All that must be so before it is set off."""
    daemon.create(recovery.spec)
    if recovery.begins == "healthy":
        daemon.client.start(NAME)
        daemon.until_state(NAME, "healthy", patience=120)


def ask(daemon: Daemon, recovery: Recovery) -> bool:
    """Set it off; False where an operator has asked and got no answer."""
    with suppress(PcloudError):
        recovery.set_off(daemon)
        return True
    return False


def boots(daemon: Daemon) -> dict[str, str]:
    """The boot id of each machine that has one, by the name of its directory."""
    files = {node.name: node / "root" / "run" / "boot_id" for node in daemon.nodes()}
    return {name: file.read_text().strip() for name, file in files.items() if file.exists()}


def ledger(daemon: Daemon) -> list[str]:
    """Where the service has run, in order."""
    files = [place / "data" / "ledger" for place in sorted((daemon.cloud / "volumes").glob("*"))]
    return [line for file in files if file.exists() for line in file.read_text().splitlines()]


def double(daemon: Daemon) -> list[Path]:
    """Files that say that two have run at once."""
    return list((daemon.cloud / "volumes").glob("*/data/double"))

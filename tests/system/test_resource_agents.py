"""Resource agents of all kinds under a whole daemon, on a machine of the embedded cloud: seen, restarted, blocked, and no secret told."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pcloud.model.words import Rung
from pcloud.replay.report import Comparison
from tests.system.running import Daemon

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not Path("/usr/lib/ocf/resource.d/heartbeat/Dummy").exists(), reason="install resource-agents"),
]

PASSWORD = "xyzzy-plugh-42"
SPEC = """
deployable: zoo
infrastructure: local
defaults:
  monitor: {interval: 200ms, timeout: 2s}
recovery: {restart: {delay: 200ms}}
assemblies:
  cage:
    image: host
    secrets: {PASSWORD: {file: PATH}}
    parameters: {GREETING: "${cage.hostname}"}
    provision:
      inline: |
        #!/bin/sh
        set -e
        cd "$PCLOUD_ROOT"
        mkdir -p usr/lib/ocf/resource.d/zoo etc/init.d
        cat >usr/lib/ocf/resource.d/zoo/Parrot <<'END'
        #!/bin/sh
        cat "/proc/$$/cmdline" >>"$PCLOUD_ROOT/arguments"
        case $1 in
          start) echo "${OCF_RESKEY_words:?} ${OCF_RESKEY_greeting:?}" >"$PCLOUD_ROOT/said" ;;
          stop) rm -f "$PCLOUD_ROOT/said" ;;
          monitor)
            : "${OCF_RESKEY_greeting:?}"
            if [ -e "$PCLOUD_ROOT/ill" ]; then exit 6; fi
            [ -e "$PCLOUD_ROOT/said" ] || { echo "ocf-exit-reason:it says $OCF_RESKEY_words no more" >&2; exit 7; } ;;
          *) exit 3 ;;
        esac
        END
        cat >etc/init.d/snake <<'END'
        #!/bin/sh
        . /lib/lsb/init-functions
        pidfile=$PCLOUD_ROOT/run/snake.pid
        case $1 in
          start) start-stop-daemon --start --background --make-pidfile --pidfile "$pidfile" --exec /bin/sleep -- 1209 ;;
          stop) start-stop-daemon --stop --retry=TERM/5/KILL/5 --pidfile "$pidfile" --exec /bin/sleep; rm -f "$pidfile" ;;
          status) status_of_proc -p "$pidfile" /bin/sleep snake ;;
        esac
        END
        chmod +x usr/lib/ocf/resource.d/zoo/Parrot etc/init.d/snake
    resources:
      dummy: {agent: "ocf:heartbeat:Dummy"}
      parrot: {agent: "ocf:zoo:Parrot", params: {words: {secret: PASSWORD}, greeting: {parameter: GREETING}}}
      snake: {agent: "lsb:snake"}
      door: {checks: [{command: 'test "${#PASSWORD}" = 14 && test -e "$PCLOUD_ROOT/said"'}], restarts: parrot}
"""


def test_ocf_and_lsb_services_are_brought_up_healed_and_stopped_and_no_secret_is_told(daemon: Daemon) -> None:
    secret = daemon.state.parent / "secret"
    secret.write_text(PASSWORD + "\n")
    daemon.bring_up(SPEC.replace("PATH", str(secret)))
    root = daemon.root("zoo", "cage")
    assert (root / "said").read_text() == f"{PASSWORD} zoo-cage\n"
    snake = root / "run/snake.pid"
    faults = {
        "dummy": (root / "run/resource-agents/Dummy-dummy.state").unlink,
        "parrot": (root / "said").unlink,
        "snake": lambda: os.kill(int(snake.read_text()), signal.SIGKILL),
    }
    for resource, fault in faults.items():
        mark = daemon.newest()
        fault()
        daemon.until_event(lambda event, name=resource: event.resource == name and event.to == "failed", f"{resource} has failed", mark)
        daemon.until_event(lambda event, name=resource: event.resource == name and event.to == "healthy", f"{resource} is healed", mark)
        daemon.until_state("zoo", "healthy")
        assert daemon.decided(mark)[0] == (f"zoo/cage/{resource}", Rung.RESTART), daemon.story(mark)
    (root / "ill").touch()
    daemon.until_event(lambda event: event.resource == "parrot" and event.to == "blocked", "parrot is blocked")
    (root / "ill").unlink()
    daemon.until_state("zoo", "healthy")
    assert PASSWORD not in (root / "arguments").read_text()
    daemon.client.stop("zoo")
    daemon.until_state("zoo", "stopped")
    assert daemon.running_nodes() == []
    assert {row.comparison for row in daemon.replayed("zoo").decisions} == {Comparison.SAME}
    assert "it says *** no more" in daemon.story()
    told = [
        path for path in daemon.state.rglob("*") if path.is_file() and "nodes" not in path.parts and PASSWORD.encode() in path.read_bytes()
    ]
    assert told == []
    assert PASSWORD not in daemon.log.read_text() + daemon.story()

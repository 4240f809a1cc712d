"""The six acts: break something as it breaks in life, watch pcloud heal it, and check that everything is as it was.

Rules: each act begins and ends with everything healthy; none knows of the others, so that each is a test of its own.
"""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pcloud.demo.faults import NAME
from pcloud.demo.openstack.lab import guest_process
from pcloud.demo.openstack.stage import DATABASE, Play, Stage, check
from pcloud.demo.openstack.times import Times, times_of
from pcloud.errors import PcloudError, TimedOutError
from pcloud.model.words import Choice, Rung
from pcloud.records.event import EventRecord

PROCESS = "mariadbd"
KILL = "pid=$(systemctl show --property MainPID --value mariadb); echo prepared; read -r _; kill -9 $pid"
BREAK = "printf '[mariadbd]\\nno-such-option\\n' >/etc/mysql/mariadb.conf.d/99-broken.cnf; sync"

HELD = 30.0  # seconds for which nothing may be done while the API is away, after pcloud has said so
AFTERWARDS = 15.0  # seconds for which nothing may be done when it is back: three lists of what is there
SHOWN = 120.0  # seconds for Nova to show a server that pcloud has begun to create
CONTROLLER_AWAY = 5.0  # seconds that the controller is gone: the cloud and the guest go on without it
LOOK = 0.2  # seconds between looks at the cloud

TARGET = f"{NAME}/{DATABASE}"


@dataclass(frozen=True, slots=True)
class Act:
    """One fault. ``play`` breaks it, sees it healed, and checks it."""

    title: str
    recovery: str
    play: Callable[[Stage], Play]


def kill_database(stage: Stage) -> Play:
    """The database's process is killed in its guest."""
    before, boot, play = stage.instance(), stage.boot_id(), stage.playing()
    play.broken(f"kill -9 of {PROCESS} in the guest", _as_root(stage, KILL))
    play.until_well()
    play.expect_done(Rung.RESTART)
    _expect_boot(stage, boot, same=True)
    check(stage, before, 0)
    return play


def hang_machine(stage: Stage) -> Play:
    """The whole guest hangs: its QEMU is stopped."""
    before, boot, play = stage.instance(), stage.boot_id(), stage.playing()
    pid = guest_process(before.id)
    os.kill(pid, signal.SIGSTOP)
    play.broken(f"kill -STOP {pid}, the QEMU of {before.id}: Nova goes on calling it ACTIVE")
    play.until_well()
    play.expect_done(Rung.REBOOT)
    _expect_boot(stage, boot, same=False)
    check(stage, before, 0)
    return play


def delete_server(stage: Stage) -> Play:
    """Somebody deletes the server at the cloud."""
    before, volumes, play = stage.instance(), stage.cloud.volumes(), stage.playing()
    stage.cloud.delete(before.id)
    play.broken(f"server {before.id} deleted through Nova, behind pcloud's back")
    play.until_well()
    play.expect_done(Rung.RELAUNCH)
    _expect_volumes(stage, volumes)
    check(stage, before, 1)
    return play


def break_again_and_again(stage: Stage) -> Play:
    """The database's configuration is broken, so that neither a restart nor a reboot helps."""
    before, volumes, play = stage.instance(), stage.cloud.volumes(), stage.playing()
    at = _as_root(stage, f"{BREAK}; {KILL}")
    play.broken(f"a word that {PROCESS} does not know in its configuration, and kill -9: it will not start in this guest again", at)
    play.until_well()
    play.expect_done(Rung.RESTART, Rung.REBOOT, Rung.RELAUNCH)
    _expect_volumes(stage, volumes)
    check(stage, before, 1)
    _expect_kept(stage, before.id)
    return play


def blind_controller(stage: Stage) -> Play:
    """The guest hangs while Nova's API is away: nothing may be done on one blind eye, and nothing is left to do when both are back."""
    before, boot, play = stage.instance(), stage.boot_id(), stage.playing()
    pid = guest_process(before.id)
    with _api_away(stage):
        with _stopped(pid):
            play.broken(f"nova-api killed, and kill -STOP {pid}, the QEMU of {before.id}")
            play.until(_is_held, f"{TARGET} is held")
            _expect_nothing(play, HELD)
        stage.screen.say(f"  nothing was done for {HELD:g}s; kill -CONT {pid}: the guest goes on")
        play.until_well()
        stage.screen.say("  nova-api is started again")
    _expect_nothing(play, AFTERWARDS)
    play.expect_done()
    _expect_boot(stage, boot, same=True)
    check(stage, before, 0)
    return play


def kill_controller(stage: Stage) -> Play:
    """The controller itself is killed in the middle of a relaunch."""
    before, volumes, play = stage.instance(), stage.cloud.volumes(), stage.playing()
    stage.cloud.delete(before.id)
    play.broken(f"server {before.id} deleted through Nova, behind pcloud's back")
    play.until(lambda event: event.assembly == DATABASE and event.to == "launching", f"{TARGET} is launched anew")
    _until_shown(stage, before.generation + 1)
    stage.screen.say(f"  kill -9 {stage.place.kill_daemon()}, the controller, while generation {before.generation + 1} is created")
    time.sleep(CONTROLLER_AWAY)
    stage.place.start_daemon()
    stage.screen.say("  the controller is started again")
    play.until_well()
    play.expect_done(Rung.RELAUNCH)
    _expect_volumes(stage, volumes)
    check(stage, before, 1)
    return play


ACTS = (
    Act("1. The database server is killed in its guest.", "restart", kill_database),
    Act("2. The database's guest hangs.", "reboot", hang_machine),
    Act("3. The database's server is deleted behind pcloud's back.", "relaunch", delete_server),
    Act("4. The database is broken for good.", "restart, reboot, relaunch", break_again_and_again),
    Act("5. The guest hangs while Nova's API is away.", "held, then nothing", blind_controller),
    Act("6. The controller is killed in the middle of a relaunch.", "relaunch, finished", kill_controller),
)


def perform(act: Act, stage: Stage) -> Times:
    """Play one act. PcloudError when something that should be true is not."""
    stage.screen.say(f"\n{act.title}")
    play = act.play(stage)
    return times_of(act.title, act.recovery, play)


def _as_root(stage: Stage, command: str) -> datetime:
    """Have it done in the database's guest; when."""
    return stage.place.inside_at_a_word(TARGET, f"sudo -n sh -c {shlex.quote(command)}")


def _is_held(event: EventRecord) -> bool:
    return event.assembly == DATABASE and event.resource is None and (event.to or "").startswith("held")


@contextmanager
def _api_away(stage: Stage) -> Iterator[None]:
    stage.lab.stop("nova-api")
    try:
        yield
    finally:
        stage.lab.start("nova-api")


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _expect_nothing(play: Play, seconds: float) -> None:
    """Nothing may be done for so long; PcloudError."""
    try:
        play.until(lambda event: event.record is not None and event.record.choice is Choice.ACT, "", patience=seconds)
    except TimedOutError:
        return
    raise PcloudError(f"something was done about {TARGET} while the cloud could not be asked, or after that was over")


def _until_shown(stage: Stage, generation: int) -> None:
    deadline = time.monotonic() + SHOWN
    while not any(each.generation == generation for each in stage.cloud.servers(DATABASE)):
        if time.monotonic() > deadline:
            raise TimedOutError(f"Nova shows no server of generation {generation} after {SHOWN:g}s")
        time.sleep(LOOK)


def _expect_boot(stage: Stage, before: str, *, same: bool) -> None:
    if (stage.boot_id() == before) is not same:
        raise PcloudError(f"{TARGET} has {'' if same else 'not '}been rebooted")


def _expect_volumes(stage: Stage, before: list[str]) -> None:
    if (now := stage.cloud.volumes()) != before:
        raise PcloudError(f"the volumes were {', '.join(before)}, and are {', '.join(now)}")


def _expect_kept(stage: Stage, server: str) -> None:
    """The failed machine is there, off, and what its console said is known."""
    if [each.status for each in stage.cloud.servers(DATABASE) if each.id == server] != ["SHUTOFF"]:
        raise PcloudError(f"the failed server {server} is not kept, switched off")
    kept = next((each for each in stage.client.evidence(NAME, DATABASE) if each.instance == server), None)
    if kept is None or not kept.console.strip():
        raise PcloudError(f"nothing is kept of what the console of {server} said")
    last = kept.console.strip().splitlines()[-1].strip()
    stage.screen.say(f"  the failed server {server} is kept, off, with {len(kept.console):,} characters of its console; the last line:")
    stage.screen.say(f"    {last}")

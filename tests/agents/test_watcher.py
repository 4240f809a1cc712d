"""The watcher alone, under dash, bash, busybox, and a machine with POSIX utilities only: results, bounds, and a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.watcher import MARK
from agents.watcher.protocol import PING, Beat, look
from tests.agents.processes import kill_marked, marked, until_now
from tests.agents.shells import SHELLS, Watcher, commands, install_shell, run_watcher, words

pytestmark = pytest.mark.real


@pytest.fixture(params=SHELLS)
def marker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    marker = f"WATCHER_TEST={tmp_path}"
    try:
        yield marker
    finally:
        kill_marked(marker)


@pytest.fixture
def watcher(request: pytest.FixtureRequest, tmp_path: Path, marker: str) -> Iterator[Watcher]:
    shell, path = install_shell(request.node.callspec.params["marker"], tmp_path / "bin")
    with run_watcher(shell, path, marker) as watcher:
        yield watcher


def test_a_failing_check_is_told_every_time_with_its_output_and_a_passing_one_once(watcher: Watcher) -> None:
    watcher.say(words(commands("echo no luck; exit 3", ":")))
    assert [(watcher.result().status, watcher.result().text) for _ in range(2)] == [("3", "no luck")] * 2
    passed = 0
    while not passed:
        passed = isinstance(watcher.line(), Beat)
    for _ in range(3):
        assert watcher.result(0).status == "3"


def test_a_change_is_told_in_both_directions(watcher: Watcher, tmp_path: Path) -> None:
    watcher.say(words(commands(f"[ -e {tmp_path}/fine ]")))
    assert watcher.result().status == "1"
    (tmp_path / "fine").touch()
    while (result := watcher.result()).status != "0":
        assert result.status == "1"
    (tmp_path / "fine").unlink()
    assert watcher.result().status == "1"


def test_a_check_that_hangs_is_killed_with_its_grandchildren(watcher: Watcher, marker: str) -> None:
    watcher.say(words(commands("echo waiting; (sleep 1001; :) & sleep 1001", timeout=0.5)))
    while (result := watcher.result()).text != "waiting":  # half a second may be too short to say it
        assert result.status == "timeout"
    assert result.status == "timeout"
    watcher.say(words([], serial=2))
    until_now(lambda: not any("1001" in command for command in marked(marker).values()))


def test_a_check_that_is_forking_when_its_time_is_over_is_killed_with_all_that_it_forked(watcher: Watcher, marker: str) -> None:
    forking = "i=0; while [ $i -lt 3000 ]; do sleep 1009 & i=$((i + 1)); done; wait"
    watcher.say(words(commands(forking, timeout=0.1, interval=1000)))
    assert watcher.result().status == "timeout"
    until_now(lambda: not any("1009" in command for command in marked(marker).values()))


def test_a_check_that_ignores_sigterm_is_killed(watcher: Watcher) -> None:
    watcher.say(words(commands("trap '' TERM HUP INT; while :; do sleep 1; done", timeout=0.5)))
    assert watcher.result().status == "timeout"


def test_a_megabyte_of_output_passes_and_costs_one_short_line(watcher: Watcher) -> None:
    watcher.say(words(commands("head -c 1000000 /dev/zero | tr '\\000' x; echo; printf 'the\\tend\\033[1m'; exit 1")))
    result = watcher.result()
    assert result.text.endswith("the end [1m")
    assert len(result.text) <= 300


def test_a_check_that_prints_without_end_is_stopped_and_told(watcher: Watcher) -> None:
    watcher.say(words(commands("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done", "exec cat /dev/zero", timeout=2)))
    assert watcher.result(0).status in {"timeout", "141"}
    assert watcher.result(1).status in {"timeout", "141"}


def test_what_a_check_leaves_running_does_not_pile_up(watcher: Watcher, marker: str, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["marker"] == "posix":
        pytest.skip("without setsid nothing tells whose child an orphan was")
    watcher.say(words(commands("sleep 1002 >/dev/null 2>&1 & exit 1")))
    for _ in range(3):
        watcher.result()
    assert sum("1002" in command for command in marked(marker).values()) <= 1


def test_a_new_set_replaces_the_old_one(watcher: Watcher) -> None:
    watcher.say(words(commands("exit 1"), serial=1))
    assert watcher.result().serial == 1
    watcher.say(words(commands("exit 2"), serial=2))
    while (result := watcher.result()).serial == 1:
        pass
    assert (result.serial, result.status) == (2, "2")


def test_a_ping_is_answered_while_a_check_hangs(watcher: Watcher) -> None:
    watcher.say(words(commands("sleep 1003"), heartbeat=1000))
    watcher.say(PING)
    assert watcher.line() == Beat()


def test_a_look_runs_one_probe_at_once_and_tells_its_result_whatever_it_is(watcher: Watcher, tmp_path: Path) -> None:
    watcher.say(words(commands(f"echo x >>{tmp_path}/first", f"echo x >>{tmp_path}/second", interval=1000)))
    watcher.all_pass(2)
    for _ in range(3):
        watcher.say(look(1, 1))
        assert watcher.result(1).status == "0"
    watcher.say(look(2, 1) + look(1, 7) + b"look 1.x; touch /\nlook\n" + PING)  # of no set that there is
    while watcher.line() != Beat():
        pass
    assert [(tmp_path / name).read_text().count("x") for name in ("first", "second")] == [1, 4]


def test_until_the_first_pass_there_are_looks_out_of_turn_of_which_a_pass_alone_is_told(watcher: Watcher, tmp_path: Path) -> None:
    watcher.say(words(commands(f"echo x >>{tmp_path}/runs; [ -e {tmp_path}/fine ]", interval=1000)))
    assert watcher.result().status == "1"
    until_now(lambda: (tmp_path / "runs").read_text().count("x") >= 3)
    (tmp_path / "fine").touch()
    assert watcher.result().status == "0"
    runs = (tmp_path / "runs").read_text()
    (tmp_path / "fine").unlink()
    watcher.say(PING)
    while watcher.line() != Beat():
        pass
    assert (tmp_path / "runs").read_text() == runs


def test_a_look_ends_a_run_that_hangs_and_begins_another(watcher: Watcher, marker: str) -> None:
    watcher.say(words(commands("sleep 1014", interval=1000)))
    until_now(lambda: any("1014" in command for command in marked(marker).values()))
    before = {pid for pid, command in marked(marker).items() if command.startswith("sleep 1014")}
    watcher.say(look(1, 0))
    until_now(lambda: any(command.startswith("sleep 1014") and pid not in before for pid, command in marked(marker).items()))
    until_now(lambda: not before & set(marked(marker)))


def test_the_end_of_a_process_that_a_monitor_names_is_a_reason_to_look(watcher: Watcher) -> None:
    service = subprocess.Popen(["sleep", "1015"])
    try:
        born = Path(f"/proc/{service.pid}/stat").read_text().rpartition(") ")[2].split()[19]
        named = f"{service.pid}:{born}"
        watcher.say(words(commands(f"kill -0 {service.pid} && echo 'NRestarts=0 lives={named}'", interval=1000)))
        assert watcher.result().text.strip() == f"NRestarts=0 lives={named}"
    finally:
        service.kill()
        service.wait(10)
    assert watcher.result().status == "1"


def test_a_process_that_ended_right_after_its_monitor_saw_it_is_a_reason_to_look_as_well(watcher: Watcher, tmp_path: Path) -> None:
    watcher.say(words(commands(f"echo x >>{tmp_path}/runs; echo lives=999999999:1", interval=1000)))
    assert watcher.result().status == "0"
    until_now(lambda: (tmp_path / "runs").read_text().count("x") >= 2)


LIVING = "echo lives=1:$(cut -d' ' -f 22 /proc/1/stat)"  # a service that does not end


@pytest.mark.parametrize("check", ["sleep 1004 & sleep 1004", "exit 1", ":", "cat /dev/zero", LIVING])
def test_the_end_of_stdin_ends_everything(watcher: Watcher, marker: str, check: str) -> None:
    watcher.say(words(commands(check, check)))
    watcher.line()
    watcher.close_stdin()
    assert watcher.process.wait(10) == 0
    until_now(lambda: not marked(marker))


def test_half_a_line_at_the_end_of_stdin_is_not_obeyed(watcher: Watcher, marker: str, tmp_path: Path) -> None:
    watcher.say(b"probes\ntouch " + str(tmp_path / "done").encode())
    watcher.close_stdin()
    assert watcher.process.wait(10) == 0
    assert not (tmp_path / "done").exists()
    until_now(lambda: not marked(marker))


def test_a_write_that_fails_ends_everything(tmp_path: Path, marker: str, request: pytest.FixtureRequest) -> None:
    shell, path = install_shell(request.node.callspec.params["marker"], tmp_path / "bin")
    with run_watcher(shell, path, marker) as watcher:
        assert watcher.process.stdout is not None
        os.dup2(os.open("/dev/null", os.O_RDONLY), watcher.process.stdout.fileno())  # the pipe's last reader is gone
        watcher.say(words(commands("sleep 1005")))
        watcher.process.wait(20)
        until_now(lambda: not marked(marker))


def test_a_controller_that_says_nothing_is_given_up(watcher: Watcher, marker: str) -> None:
    watcher.say(b"probes\nheartbeat 1000\npatience 1\n" + MARK.encode())
    watcher.process.wait(20)
    until_now(lambda: not marked(marker))


def test_a_watcher_that_is_killed_outright_leaves_nothing_for_long(watcher: Watcher, marker: str) -> None:
    watcher.say(words(commands("sleep 1006", timeout=0.5)))
    watcher.line()
    watcher.process.send_signal(signal.SIGKILL)
    watcher.process.wait(10)
    until_now(lambda: not marked(marker))


def test_no_argument_of_any_process_shows_a_check(watcher: Watcher, marker: str) -> None:
    watcher.say(words(commands(": very-private; read forever < /dev/tty; exit 1", "sleep 1007; : very-private")))
    watcher.result()
    assert not any("very-private" in command for command in marked(marker).values())

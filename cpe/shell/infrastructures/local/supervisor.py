"""The first process of a machine of the embedded cloud: `python -I -S supervisor.py NODE_DIRECTORY SSHD`.

Rules:
- Started for every boot of every machine, so it is one file with few imports, of the standard library only.
- It outlives its starter: own session, orphan; it holds the lock of `supervisor.lock`, which tells everybody else that the machine is on.
- It is a subreaper: daemons that detach are still its children's children, so none outlives an orderly power-off.
- SIGTERM powers off, SIGHUP reboots, both orderly: `run/stopping` appears first, and SSH sessions are the last to be ended, so that whoever
  watches from one can still tell. An SSH server that dies is not started again: a machine whose sshd is dead is still on.
- What it has to say goes to its output, the machine's console.
"""

# Without pathlib: importing it would take half as long again as all the rest of the start.
# ruff: noqa: PTH101, PTH102, PTH103, PTH104, PTH106, PTH108, PTH123, PTH208
from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h

ORDERLY = 5.0
"""Seconds that processes have to end after SIGTERM before SIGKILL: enough for a database to flush, short beside `verify`."""

LOOK_AGAIN = 0.05
"""Seconds between two looks at who is left while powering off: not every end of a grandchild is told."""

GOODBYE = 2.0
"""Seconds that SSH sessions are left open at the most for what is said in them last; it is there within some hundredths of one, where
nothing else is to be done."""

SIGNALS = {signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}

LIBC = ctypes.CDLL(None, use_errno=True)


def say(text: str) -> None:
    sys.stdout.write(f"[{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}] {text}\n")
    sys.stdout.flush()


def prctl(option: int, value: int) -> None:
    if LIBC.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def spawn(argv: list[str], *, dies_with_us: bool = False) -> int:
    """Start a program in a session of its own, with signals as a new program expects them."""
    us = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and that would be inherited
            signal.signal(number, signal.SIG_DFL)
        if dies_with_us:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if not dies_with_us or os.getppid() == us:
            os.execv(argv[0], argv)  # noqa: S606  # no shell is wanted
    except OSError as error:
        say(f"cannot start {argv[0]}: {error}")
    finally:
        os._exit(127)  # as a shell does when there is no such program


def empty(directory: str) -> None:
    """Remove all that is in a directory; links are removed, not followed."""
    for entry in os.scandir(directory):
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, 0o700)
            empty(entry.path)
            os.rmdir(entry.path)
        else:
            os.unlink(entry.path)


def new_boot_id() -> str:
    with open("/proc/sys/kernel/random/uuid", encoding="ascii") as file:
        return file.read().strip()


def begin_boot(root: str) -> None:
    """What a boot does before anything else: an empty run/, a new boot id, whole before it is seen."""
    run = f"{root}/run"
    os.makedirs(run, exist_ok=True)
    empty(run)
    os.mkdir(f"{run}/pcloud", 0o700)
    boot_id = new_boot_id()
    with open(f"{run}/.boot_id", "w", encoding="ascii") as file:
        file.write(f"{boot_id}\n")
    os.rename(f"{run}/.boot_id", f"{run}/boot_id")
    say(f"booting, boot id {boot_id}")


def next_script(node: str) -> int:
    """Start the next of the first boot's scripts; 0 when there is none left. It is put aside first: none is ever begun twice."""
    waiting = sorted(os.listdir(f"{node}/firstboot"))
    if not waiting:
        return 0
    begun = f"{node}/begun/{waiting[0]}"
    os.rename(f"{node}/firstboot/{waiting[0]}", begun)
    say(f"first boot: running {waiting[0]}")
    return spawn(["/bin/sh", "-c", '"$0"', begun])  # through a shell, which also runs a script without a #! line


def reap(ended: Callable[[int, int], None]) -> None:
    """Take leave of every child that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        ended(pid, os.waitstatus_to_exitcode(status))


def serve(node: str, sshd: int) -> int:
    """Run the first boot's scripts one after the other, and wait for the signal that ends this boot; it is returned."""
    script = next_script(node)

    def ended(pid: int, status: int) -> None:
        nonlocal script
        if pid == script:
            say(f"first boot: exit status {status}")
            script = next_script(node)
        elif pid == sshd:
            say(f"sshd has ended, exit status {status}")

    while True:
        number = signal.sigwait(SIGNALS)
        if number != signal.SIGCHLD:
            return number
        reap(ended)


def descendants() -> dict[int, tuple[int, str]]:
    """Everything below us in the process tree that is not a zombie: its parent and its state, parents first."""
    children: dict[int, list[tuple[int, str]]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended between listing and reading
            children.setdefault(int(parent), []).append((int(name), state))
    found: dict[int, tuple[int, str]] = {}
    search = [os.getpid()]
    while search:
        above = search.pop()
        for pid, state in children.get(above, []):
            search.append(pid)
            if state not in "ZX":
                found[pid] = above, state
    return found


def send(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # ended by itself


def serves_a_session(pid: int) -> bool:
    """Whether it is the SSH server's end of somebody's connection."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().startswith("sshd")
    except (FileNotFoundError, ProcessLookupError):
        return False


def being_said() -> bool:
    """Whether anything lives in an SSH session, or its server has something left to send: it does not sleep then."""
    sessions: set[int] = set()
    for pid, (parent, state) in descendants().items():
        if serves_a_session(pid):
            if state in "RD":
                return True
            sessions.add(pid)
        elif parent in sessions:
            return True
    return False


def ask_to_end(sshd: int) -> None:
    """SIGTERM to all, also to those that are stopped: first to whoever is not needed for saying goodbye. The listener is not."""
    deadline = time.monotonic() + GOODBYE
    others = [pid for pid in descendants() if pid == sshd or not serves_a_session(pid)]
    send(others, signal.SIGTERM)
    send(others, signal.SIGCONT)
    while being_said() and time.monotonic() < deadline:
        signal.sigtimedwait({signal.SIGCHLD}, LOOK_AGAIN)
        reap(lambda _pid, _status: None)
    send([*descendants()], signal.SIGTERM)
    send([*descendants()], signal.SIGCONT)


def end_everything(root: str, sshd: int) -> None:
    """Say that the machine goes down, ask all to end, and SIGKILL whoever is left after a while, until nobody is."""
    try:
        open(f"{root}/run/stopping", "w", encoding="ascii").close()
    except OSError as error:  # a full disk, a run/ that somebody removed: it goes down all the same
        say(f"run/stopping cannot be made: {error}")
    deadline = time.monotonic() + ORDERLY
    ask_to_end(sshd)
    while left := [*descendants()]:
        if time.monotonic() > deadline:
            send(left, signal.SIGKILL)
        signal.sigtimedwait({signal.SIGCHLD}, LOOK_AGAIN)
        reap(lambda _pid, _status: None)


def run(node: str, sshd: str) -> None:
    """Boot, serve and power down, until it is for good."""
    root = f"{node}/root"
    os.chdir(root)
    while True:
        begin_boot(root)
        listener = spawn([sshd, "-D", "-e", "-f", f"{node}/ssh/sshd_config"], dies_with_us=True)
        number = serve(node, listener)
        say("powering off" if number == signal.SIGTERM else "rebooting")
        end_everything(root, listener)
        if number == signal.SIGTERM:
            return


def main() -> None:
    """Detach, take the lock, tell the starter (exit status 0) and run. A second supervisor of one machine ends with 1."""
    node, sshd = sys.argv[1:]
    os.umask(0o022)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    answer, tell = os.pipe()
    if os.fork():
        os.close(tell)
        os._exit(0 if os.read(answer, 1) else 1)
    os.close(answer)
    os.setsid()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    with open(f"{node}/supervisor.lock", "ab") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("this machine is on already")
        os.write(tell, b"1")
        os.close(tell)
        run(node, sshd)


if __name__ == "__main__":
    main()

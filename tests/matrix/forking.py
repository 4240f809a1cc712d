"""Daemons as forks of a process that has imported everything: the import alone costs more than half of what a trial does.

Rules: one request a line, one answer a line, as JSON: ``spawn`` gives a pid, ``poll`` a return code or null. A daemon is its own process
in every other respect. When nobody asks any more, what still runs is killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from cpe.shell.infrastructures.local.processes import kill_all, supervisor
from tests.system.running import Daemon

LOOK = 0.05  # seconds between two looks whether a process has ended


class Forkery:
    """Makes daemons; ``close`` it at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, request: dict[str, Any]) -> int | None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with self._lock:
            self._server.stdin.write(json.dumps(request).encode() + b"\n")
            self._server.stdin.flush()
            answer: int | None = json.loads(self._server.stdout.readline())
            return answer

    def close(self) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._server.stdout.close()


class Forked:
    """A forked process, as far as ``Daemon`` needs a Popen."""

    def __init__(self, forkery: Forkery, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._forkery = forkery

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._forkery.ask({"poll": self.pid})
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a forked daemon", timeout)
            time.sleep(LOOK)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkedDaemon(Daemon):
    """A daemon that is a fork."""

    def __init__(self, directory: Path, forkery: Forkery) -> None:
        super().__init__(directory)
        self._forkery = forkery

    def spawn(self) -> Any:
        arguments = ["--state", str(self.state), "--socket", str(self.socket), "--config", str(self.config)]
        pid = self._forkery.ask({"spawn": arguments, "environment": self.environment, "log": str(self.log)})
        assert pid is not None
        return Forked(self._forkery, pid)

    def clear(self) -> None:
        """The daemon and what is on: to search the host for each machine that is off would cost more than a trial."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.client.close()
        for node in self.nodes():
            if supervisor(node) is not None:
                kill_all(node)


def serve() -> None:
    """Fork daemons until nobody asks any more."""
    from cpe.daemon.main import main  # noqa: PLC0415 - what all of this is for

    children: set[int] = set()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "spawn" in request:
            pid = os.fork()
            if pid == 0:
                become(main, request)
            children.add(pid)
            answer: int | None = pid
        else:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            children.discard(pid)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def become(main: Any, request: dict[str, Any]) -> None:
    """Be a daemon, in the child; does not return."""
    code = 1
    os.setsid()
    try:
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for handle, standard in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(handle, standard)
        os.environ.update({"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", **request["environment"]})
        main(request["spawn"])
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()

"""Where a demo lives: a temporary directory with a daemon of its own, its spec, its secrets and its machines.

Rules: ``clear`` leaves nothing behind, whatever state things are in: the daemon ends, every process of every machine is killed, the
directory is removed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import kill_all
from cpe.shell.store.lock import LOCK_FILE
from pcloud.client import Client
from pcloud.demo.needs import PATH
from pcloud.errors import NoDaemonError, PcloudError, TimedOutError

PREFIX = "pcloud-demo-"
START = 30.0  # seconds for the daemon to listen: it takes one or two, on a loaded machine ten
END = 15.0  # seconds for the daemon to end after SIGTERM
LOOK = 0.05  # seconds between looks at a condition that is about to be true


class Place:
    """One demo's directory. ``package`` has its spec, ``configuration`` is the daemon's."""

    package = "pcloud.demo"
    configuration = ""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "api.sock"
        self.log = directory / "pcloud-cped.log"
        self.state = directory / "state"
        self.spec = directory / "wordpress" / "wordpress.yaml"
        self.config = directory / "pcloud.toml"
        self._daemon: subprocess.Popen[bytes] | None = None

    def furnish(self) -> None:
        """Put a copy of the spec and secrets of its own into an empty one."""
        source = Path(str(files(self.package)))
        shutil.copytree(source / "files", self.spec.parent / "files")
        shutil.copy(source / "wordpress.yaml", self.spec)
        hidden = self.spec.parent / "secrets"
        hidden.mkdir(mode=0o700)
        for name in ("database", "admin"):
            (hidden / name).touch(mode=0o600)
            (hidden / name).write_text(secrets.token_urlsafe(18))

    @property
    def name(self) -> str:
        """By which it is told from other demos."""
        return self.directory.name

    def secret(self, name: str) -> str:
        """One of the demo's secrets."""
        return (self.spec.parent / "secrets" / name).read_text().strip()

    def start_daemon(self) -> None:
        """Start the daemon and wait until it answers; PcloudError with the end of its log if it does not."""
        command = [sys.executable, "-m", "cpe.daemon.main", "--state", str(self.state), "--socket", str(self.socket)]
        self.config.write_text(self.configuration)
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [*command, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the demo, which then ends its daemon itself
                env=self.environment(),
            )
        deadline = time.monotonic() + START
        while not self._answers():
            if self._daemon.poll() is not None:
                raise PcloudError(f"the daemon ended with {self._daemon.returncode}: {self._log_end()}")
            if time.monotonic() > deadline:
                raise TimedOutError(f"the daemon does not answer after {START:g}s: {self._log_end()}")
            time.sleep(LOOK)

    def environment(self) -> dict[str, str]:
        """The daemon's."""
        return {**os.environ, "PATH": PATH}

    def _answers(self) -> bool:
        try:
            with Client(self.socket) as client:
                client.daemon()
        except NoDaemonError:
            return False
        return True

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-500:].strip() or "its log is empty"

    @property
    def cloud(self) -> Path:
        """The embedded cloud's directory."""
        return self.state / "clouds" / "local"

    def machine(self, instance_id: str) -> Path:
        """The directory of one machine."""
        return self.cloud / "nodes" / instance_id

    def destroy_behind_the_back(self, instance_id: str) -> None:
        """What somebody at the cloud's own console does."""
        driver = LocalNodeDriver(self.cloud)
        driver.destroy_node(driver.ex_get_node(instance_id))

    def clear(self) -> None:
        """End everything and remove it."""
        self._end_daemon()
        nodes = self.cloud / "nodes"
        for node in sorted(nodes.iterdir()) if nodes.is_dir() else []:
            kill_all(node)
        shutil.rmtree(self.directory, ignore_errors=True)
        if self.directory.exists():  # something was still being written; once more, and loudly
            shutil.rmtree(self.directory)

    def _end_daemon(self) -> None:
        pid = self._daemon.pid if self._daemon is not None else self.pid()
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        if not self.ended(pid):
            os.kill(pid, signal.SIGKILL)
            self.ended(pid)

    def pid(self) -> int | None:
        """The daemon's, by its own word, or by its lock where it does not answer."""
        try:
            with Client(self.socket) as client:
                return client.daemon().pid
        except PcloudError:
            return self._locked_by()

    def _locked_by(self) -> int | None:
        try:
            pid = int((self.state / LOCK_FILE).read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.state) in words else None  # the number may be somebody else's by now

    def ended(self, pid: int) -> bool:
        """Wait for the daemon's end."""
        deadline = time.monotonic() + END
        while time.monotonic() < deadline:
            if self._daemon is not None:
                if self._daemon.poll() is not None:
                    return True
            elif not alive(pid):
                return True
            time.sleep(LOOK)
        return False


def alive(pid: int) -> bool:
    """Whether there is such a process; one that has only not been waited for by its parent has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}

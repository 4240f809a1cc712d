"""Where the show-piece lives: a directory with a daemon of its own, whose infrastructure is the lab.

Rules: ``clear`` ends the daemon and removes the directory; what is at the cloud ends with the lab.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from pcloud.demo.place import Place, alive
from pcloud.errors import PcloudError

PREFIX = "pcloud-demo-openstack-"
IMAGE = "pcloud-demo"
PACKAGES = (
    "mariadb-server",
    "apache2",
    "libapache2-mod-php",
    "php-cli",
    "php-mysql",
    "wordpress",
    "wordpress-theme-twentytwentythree",
)
"""What is baked into the image: guests have no mirror."""

REFUSED = 4  # exit code (interface.md)
GUEST = 120.0  # seconds for one command in a guest: emulated, and the machine may have much else to do


class GuestsPlace(Place):
    """One show-piece's directory. ``clouds`` has the lab's accounts."""

    package = "pcloud.demo.openstack"
    configuration = """\
[infrastructures.lab]
driver = "openstack"
cloud = "demo"
poll = 5

[infrastructures.lab.args]
networks = ["provider"]
"""

    def __init__(self, directory: Path, clouds: Path) -> None:
        super().__init__(directory)
        self._clouds = clouds

    def furnish(self) -> None:
        """Its spec, its secrets and its configuration."""
        super().furnish()
        self.config.write_text(self.configuration)

    def environment(self) -> dict[str, str]:
        """The daemon's, and that of the commands which are run for it."""
        ours = {"OS_CLIENT_CONFIG_FILE": str(self._clouds), "PCLOUD_SOCKET": str(self.socket)}
        return {**super().environment(), **ours}

    def provide_image(self) -> None:
        """The image, built or reused, is at the cloud; how that goes is shown. PcloudError."""
        bake = self.spec.parent / "files" / "bake.sh"
        words = ("image", "build", IMAGE, "--emulated", "--include", ",".join(PACKAGES), "--provision", str(bake))
        if self._command(*words) == REFUSED:  # there is one of that name that was made of something else
            self._expect(*words, "--replace")
        self._expect("image", "upload", IMAGE, "--infrastructure", "lab", "--config", str(self.config))

    def inside(self, target: str, command: str) -> str:
        """What a command prints in the machine of ``target``; PcloudError where it fails."""
        words = self._words("assembly", "ssh", target, "--", command)
        try:
            done = subprocess.run(words, env=self.environment(), capture_output=True, text=True, timeout=GUEST, check=False)
        except subprocess.TimeoutExpired as error:
            raise PcloudError(f"{target} did not run `{command}` within {GUEST:g}s") from error
        if done.returncode != 0:
            raise PcloudError(f"`{command}` failed in {target}: {done.stderr.strip()}")
        return done.stdout.strip()

    def inside_at_a_word(self, target: str, command: str) -> datetime:
        """Run a command in the machine of ``target`` that prints a line when all is prepared, and does the rest after one of ours: the
        moment of that. PcloudError where it fails.
        """
        words = self._words("assembly", "ssh", target, "--", command)
        pipe = subprocess.PIPE
        with subprocess.Popen(words, env=self.environment(), text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            alarm = threading.Timer(GUEST, process.kill)
            alarm.start()
            try:
                prepared = process.stdout.readline() if process.stdout else ""
                at = datetime.now(UTC)
                _, said = process.communicate("\n" if prepared else None)
            finally:
                alarm.cancel()
                alarm.join()
        if not prepared or process.returncode != 0:
            raise PcloudError(f"`{command}` failed in {target}: {said.strip() or 'it took too long'}")
        return at

    def draw(self, target: str, picture: Path) -> None:
        """The timeline of the last recovery of ``target``, as ``pcloud explain --svg`` draws it."""
        self._expect("explain", target, "--svg", str(picture.resolve()))

    def kill_daemon(self) -> int:
        """SIGKILL it; returns its number once it has ended."""
        pid = self.daemon_pid()
        os.kill(pid, signal.SIGKILL)
        if not self.ended(pid):
            raise PcloudError(f"the daemon ({pid}) lives on after a SIGKILL")
        return pid

    def daemon_pid(self) -> int:
        """Of the daemon that runs here; PcloudError."""
        pid = self.pid()
        if pid is None or not alive(pid):
            raise PcloudError("there is no daemon to be killed")
        return pid

    def _words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "pcloud.cli", *words]

    def _command(self, *words: str) -> int:
        """Its exit code; what it prints is shown."""
        return subprocess.run(self._words(*words), env=self.environment(), stdin=subprocess.DEVNULL, check=False).returncode

    def _expect(self, *words: str) -> None:
        if (code := self._command(*words)) != 0:
            raise PcloudError(f"pcloud {' '.join(words[:3])} ended with {code}")

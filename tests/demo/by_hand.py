"""The demo's two machines without pcloud: its own scripts, commands and checks, run by hand under roots of their own.

Rules: what runs comes from wordpress.yaml; every process is gone when the ``Machine`` is closed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from pcloud.demo.blog import Blog
from pcloud.errors import PcloudError

DEMO = Path(__file__).parents[2] / "pcloud" / "demo"
SPEC: dict[str, Any] = yaml.safe_load((DEMO / "wordpress.yaml").read_text())

DATABASE_PORT = 3306
WEB_PORT = 8080

PASSWORD = """p'a"ss\\w#rd $HOME %s"""
"""Everything that a shell, SQL, an option file or PHP could trip over."""

PATIENCE = 60.0
"""Seconds after which something that was to come is taken as never coming."""


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.05)


def free_address(port: int) -> str:
    """A loopback address where nobody listens at ``port``."""
    for _ in range(100):  # of 16 million
        address = f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
        with socket.socket() as trial:
            try:
                trial.bind((address, port))
            except OSError:
                continue
            return address
    raise AssertionError(f"port {port} can be bound at no loopback address")


class Machine:
    """One assembly of the demo, under ``root``."""

    def __init__(self, assembly: str, root: Path, port: int, volume: Path | None = None) -> None:
        self.keys = SPEC["assemblies"][assembly]
        self.root = root
        self.address = free_address(port)
        self.log = root.with_name(root.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None
        (root / "var" / "lib").mkdir(parents=True)
        for place in self.keys.get("volumes", {}).values():
            assert volume is not None
            volume.mkdir(exist_ok=True)
            (root / place["mount"].lstrip("/")).symlink_to(volume)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PCLOUD_ROOT": str(self.root),
            "PCLOUD_ADDRESS": self.address,
            "DB_PASSWORD": PASSWORD,
            "ADMIN_PASSWORD": PASSWORD,
        }

    def run(self, stage: str, **parameters: str) -> str:
        """Run the script of ``provision`` or ``configure``; its output."""
        script = DEMO / self.keys[stage]["script"]
        with script.open() as text:  # as over SSH: the machine has no file of it
            done = subprocess.run(
                ["sh", "-s"], stdin=text, env=self.environment | parameters, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        (resource,) = self.keys["resources"].values()
        command = resource["agent"].removeprefix("process:")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"], env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, process_group=0
            )

    def check(self) -> bool:
        """Whether the command check passes."""
        (resource,) = self.keys["resources"].values()
        (command,) = [check["command"] for check in resource["checks"] if "command" in check]
        done = subprocess.run(["sh", "-c", command], env=self.environment, capture_output=True, timeout=PATIENCE, check=False)
        return done.returncode == 0

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
            self.process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.root)


class Stack:
    """WordPress on one machine, its database on another."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.volume = place / "the volume"
        self.count = 0
        self.database = self.new_database()
        try:
            self.web = Machine("web", place / "the web root", WEB_PORT)
            self.web.run("provision")
            self.configure_web()
        except BaseException:
            self.database.kill()
            raise
        self.blog = Blog(f"http://{self.web.address}:{WEB_PORT}", PASSWORD)
        self.start_web()

    def new_database(self) -> Machine:
        """Another machine with the same volume, at another address."""
        self.count += 1
        database = Machine("mysql", self.place / f"database root {self.count}", DATABASE_PORT, self.volume)
        database.run("provision")
        database.start()
        try:
            eventually(database.check)
        except BaseException:
            database.kill()
            raise
        return database

    def configure_web(self) -> str:
        return self.web.run("configure", DB_HOST=self.database.address, DB_PORT=str(DATABASE_PORT))

    def start_web(self) -> None:
        self.web.start()
        eventually(self.serves)

    def serves(self) -> bool:
        try:
            self.blog.front_page()
        except PcloudError:
            return False
        return True

    def close(self) -> None:
        self.web.close()
        self.database.close()

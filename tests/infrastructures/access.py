"""Logging in to machines of the embedded cloud as anybody would: with OpenSSH's client, verified host key and all."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cpe.shell.keyring import FileKeyring
from dpe.shell.userdata import user_data
from pcloud.model.plan import AssemblyPlan
from tests.infrastructures.waiting import PATIENCE, until

PLAN = AssemblyPlan(name="web", infrastructure="local", image="host")


@dataclass(frozen=True)
class Access:
    """Keys for one deployable's machines, and the way in."""

    directory: Path
    keyring: FileKeyring

    def user_data(self, plan: AssemblyPlan = PLAN, volumes: Sequence[tuple[str, str]] = (), **environment: str) -> bytes:
        private, public = self.keyring.host_pair("shop", plan.name, 1)
        return user_data(
            assembly=plan,
            user="pcloud",
            authorized_key=self.keyring.client_public("shop"),
            host_private=private,
            host_public=public,
            environment=environment,
            volumes=volumes,
        )

    def provisioned_by(self, script: str, **environment: str) -> bytes:
        return self.user_data(replace(PLAN, provision=script), **environment)

    def command(self, node: Any, *words: str) -> list[str]:
        address, port = node.public_ips[0], node.extra["ssh_port"]
        known = self.directory / "known_hosts"
        name = address if port == 22 else f"[{address}]:{port}"  # as OpenSSH looks for it
        known.write_text(f"{name} {self.keyring.host_pair('shop', 'web', 1)[1]}\n")
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(known),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "ConnectTimeout": "5",
        }
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        key = self.keyring.client_path("shop")
        return ["ssh", "-F", "none", "-i", key, *flags, "-p", str(port), f"{node.extra['ssh_user']}@{address}", *words]

    def run(self, node: Any, *words: str, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as soon as that lets us in (255 is ssh's own failure)."""

        def attempt() -> subprocess.CompletedProcess[str] | None:
            try:
                done = subprocess.run(
                    self.command(node, *words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
                )
            except subprocess.TimeoutExpired:  # it went down, or hangs, while we were in it
                return None
            return None if done.returncode == 255 else done

        return until(attempt, f"ssh to {node.public_ips[0]}", patience)

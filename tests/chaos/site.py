"""The machines of one world, as the directories of its clouds show them.

Rules: read from the files of the embedded cloud, never asked of anybody who may be wrong about them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.applications import INFRASTRUCTURES


@dataclass(frozen=True, slots=True)
class Node:
    """One machine. ``target`` is DEPLOYABLE/ASSEMBLY."""

    id: str
    directory: Path
    target: str
    generation: int
    address: str
    created: float


@dataclass(frozen=True, slots=True)
class Site:
    """``clouds`` holds a directory for each infrastructure; ``group`` is what the sockets of its controller carry."""

    name: str
    clouds: Path
    group: int

    def cloud(self, infrastructure: str) -> Path:
        return self.clouds / infrastructure

    def nodes(self, infrastructure: str = "") -> list[Node]:
        """All machines that there are, running or not, oldest first."""
        found = []
        for name in [infrastructure] if infrastructure else INFRASTRUCTURES:
            for record in self.cloud(name).glob("nodes/*/node.json"):
                node = None if record.parent.name.startswith(".") else node_in(record)
                if node is not None:
                    found.append(node)
        return sorted(found, key=lambda node: node.created)

    def current(self, target: str) -> Node | None:
        """The newest machine of a target that runs; a twin that was made beside it is older or younger by chance."""
        running = [node for node in self.nodes() if node.target == target and (node.directory / "root/run/boot_id").exists()]
        return max(running, key=lambda node: (node.generation, node.created), default=None)


def node_in(record: Path) -> Node | None:
    """The machine of a record; None if it is gone meanwhile."""
    try:
        fields = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return None
    tags = fields["metadata"]
    target = f"{tags.get('pcloud-deployable', '')}/{tags.get('pcloud-assembly', '')}"
    generation = int(tags.get("pcloud-generation", 0))
    return Node(fields["id"], record.parent, target, generation, fields["address"], fields["created"])

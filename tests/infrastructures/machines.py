"""Making a machine of the embedded cloud in a test, and looking into it from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.infrastructures.waiting import until


def create(driver: Any, user_data: bytes = b"", volumes: dict[str, str] | None = None, name: str = "shop-web-1") -> Any:
    return driver.create_node(
        name, driver.list_sizes()[0], driver.list_images()[0], ex_userdata=user_data, ex_metadata={"colour": "red"}, ex_volumes=volumes
    )


def home(driver: Any, node: Any) -> Path:
    """The machine's directory on the host."""
    return Path(driver.key) / "nodes" / node.id


def root(driver: Any, node: Any) -> Path:
    return home(driver, node) / "root"


def boot_id(driver: Any, node: Any, other_than: str = "") -> str:
    """The machine's boot id, as soon as it is another one."""
    file = root(driver, node) / "run" / "boot_id"

    def read() -> str:
        try:
            return file.read_text().strip().replace(other_than or "-none-", "")
        except FileNotFoundError:
            return ""

    return until(read, "a new boot id")


def text(file: Path) -> str:
    """What is in the file, as soon as there is something."""
    return until(lambda: file.exists() and file.read_text(), f"{file.name} is written")

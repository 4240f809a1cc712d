"""The judge of the matrix sees what would be wrong: each of these things is done from outside, and undone again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from tests.matrix.judging import Before, problems, stored
from tests.matrix.recoveries import ALL, Recovery, ask, prepare
from tests.system.running import Daemon, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


@contextmanager
def another(driver: LocalNodeDriver, generation: str, *, on: bool) -> Iterator[None]:
    """A second machine of the back."""
    (back,) = [node for node in driver.list_nodes() if "-back-" in node.name]
    metadata = {**back.extra["metadata"], "pcloud-generation": generation}
    made = driver.create_node("pair-back-x", driver.list_sizes()[0], driver.list_images()[0], ex_metadata=metadata)
    try:
        if not on:
            driver.stop_node(made)
        yield
    finally:
        driver.destroy_node(made)


@contextmanager
def holding(file: Path, text: str | None) -> Iterator[None]:
    """The file has this text meanwhile."""
    before = file.read_text() if file.exists() else None
    try:
        file.write_text(text or "")
        yield
    finally:
        file.unlink() if before is None else file.write_text(before)


def test_it_finds_what_is_wrong(daemon: Daemon) -> None:
    recovery: Recovery = ALL["restart"]
    prepare(daemon, recovery)
    before = Before.of(daemon)

    def wrong(which: Recovery = recovery, since: Before = before) -> str:
        return "; ".join(problems(daemon, which, since))

    assert "the service was not started again" in wrong()
    assert ask(daemon, recovery)
    until(lambda: not wrong(), "it is restarted, and nothing is wrong")
    driver = LocalNodeDriver(daemon.cloud)
    with another(driver, "1", on=True):
        assert "running {'back': [1, 1], 'front': [1]}" in wrong()
    with another(driver, "2", on=True):
        assert "'back': [" in wrong()
    with another(driver, "1", on=False):
        assert "stray: " in wrong()
    data = next((daemon.cloud / "volumes").glob("*/data"))
    with holding(data / "ledger", "something else\n"):
        assert "the volume lost what was on it" in wrong()
    with holding(data / "double", ""):
        assert "two wrote to the volume at once" in wrong()
    volume: Any = driver.create_volume(1, "another")
    assert "2 volumes instead of one" in wrong()
    driver.destroy_volume(volume)
    assert "back is of generation 1" in wrong(ALL["relaunch"])
    assert "nothing was rebooted" in wrong(ALL["reboot"])
    assert "healthy instead of stopped" in wrong(ALL["stop"])
    assert not wrong()
    assert stored(daemon)["intents"] == []

"""The matrix: which points each recovery comes through, and what is done at each.

Rules: all of a recovery's points are listed, and a run without a disturbance is compared with the list. Of the further ones (after a comma)
only those are tried that no other recovery comes through.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from pcloud.failpoints import NAMES, OF_A_RECOVERY, OF_A_WORD, OF_AN_ACTION
from tests.matrix.running import Case

LAUNCH = ("find", "volume", "release", "create")
FENCE = ("console", "read", "stop")
STOP = ("stop",)
CONFIGURE = ("execute",)
RECOVERY: Mapping[str, tuple[str, ...]] = {"recovery": ()}

ROWS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "restart": {**RECOVERY, "restart": ("stop", "start")},
    "reboot": {**RECOVERY, "reboot": ("await_packages", "read", "reboot"), "start": ("start",)},
    "relaunch": {
        **RECOVERY,
        "fence": FENCE,
        "launch": LAUNCH,
        "start": ("start", "stop"),
        "configure": CONFIGURE,
        "discard": ("destroy", "read"),
    },
    "relaunch_deployable": {**RECOVERY, "fence": FENCE, "launch": LAUNCH, "start": ("start",), "configure": CONFIGURE},
    "start": {"word": (), **RECOVERY, "launch": LAUNCH, "start": ("start",), "configure": CONFIGURE},
    "stop": {"word": (), "stop": STOP, "destroy": ("find", "destroy", "read")},
    "reload": {
        "spec": (),
        **RECOVERY,
        "launch": ("find", "create"),
        "start": ("start", "stop"),
        "fence": FENCE,
        "configure": CONFIGURE,
        "discard": ("destroy", "read"),
        "stop": STOP,
        "destroy": ("find", "destroy", "read"),
    },
}
"""By recovery: the actions, and what each asks for."""

FURTHER: Mapping[str, tuple[str, ...]] = {
    "reboot, found off": ("reboot.start.asked", "reboot.start.answered"),
    "relaunch, found off": ("launch.start.asked", "launch.start.answered", "launch.read.asked", "launch.read.answered"),
    "relaunch, old one on": (
        "launch.stop.asked",
        "launch.stop.answered",
        *(f"twin.{moment}" for moment in OF_AN_ACTION),
        *(f"twin.{call}.{moment}" for call in ("read", "stop") for moment in ("asked", "answered")),
    ),
}

ELSEWHERE: Mapping[str, str] = {
    "start.running": "asked only where a start cannot succeed at all (OCF 2 to 6): tests/shell/test_performing.py",
    "reboot.execute": "static machines only: tests/system/test_static.py",
    "fence.destroy": "machines in ERROR, which the embedded cloud never has: tests/shell/test_machines.py",
    "launch.destroy": "the same",
    "launch.volumes": "asked only after an answer about a volume was lost: tests/shell/test_machines.py",
    "twin.destroy": "the same",
}
"""What no recovery of the matrix can come through."""

NEVER = {"start": {"recovery.verified", "recovery.over"}}
"""A first launch is decided upon, and is no recovery that could help."""

MOMENTS = {"recovery": OF_A_RECOVERY, "word": OF_A_WORD, "spec": OF_A_WORD}


def points(recovery: str) -> list[str]:
    """All points that a recovery comes through; of the further ones those that are tried."""
    if recovery in FURTHER:
        return list(FURTHER[recovery])
    found = []
    for what, calls in ROWS[recovery].items():
        found += [f"{what}.{moment}" for moment in MOMENTS.get(what, OF_AN_ACTION)]
        found += [f"{what}.{call}.{moment}" for call in calls for moment in ("asked", "answered")]
    return [point for point in found if point not in NEVER.get(recovery, ())]


def cases(recovery: str) -> Iterator[Case]:
    """Everything that is tried with a recovery."""
    for point in points(recovery):
        yield Case(recovery, point, "kill")
        if point.endswith(".answered"):
            yield Case(recovery, point, "lose")


def matrix() -> list[Case]:
    """All of it."""
    return [case for recovery in (*ROWS, *FURTHER) for case in cases(recovery)]


def sample(seed: int, each: int) -> list[Case]:
    """``each`` cases of every recovery, half of them kills, drawn by ``seed``."""
    drawing = random.Random(seed)
    chosen = []
    for recovery in ROWS:
        for act, number in (("kill", each - each // 2), ("lose", each // 2)):
            chosen += drawing.sample([case for case in cases(recovery) if case.act == act], number)
    return chosen + drawing.sample([case for recovery in FURTHER for case in cases(recovery)], each)


def unlisted() -> set[str]:
    """Declared names that no row has, and that nobody excuses."""
    listed = {point for recovery in (*ROWS, *FURTHER) for point in points(recovery)}
    return {name for name in NAMES - listed if name.rpartition(".")[0] not in ELSEWHERE}

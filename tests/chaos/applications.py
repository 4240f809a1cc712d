"""The deployables of a run: 21 of two to four machines, on three infrastructures of the driver ``local``.

Rules: nothing here depends on the seed: only the faults do. Times are scaled down against what a spec would say, and ``Scale`` names them,
for the judge's bounds follow from them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

INFRASTRUCTURES = ("east", "north", "west")
EACH = int(os.environ.get("CHAOS_EACH", "7"))
"""Deployables on each; with fewer, whoever works on this suite sees sooner what he has done."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds, as the specs say them."""

    interval: float = 3.0
    timeout: float = 8.0
    silence: float = 10.0
    restart_verify: float = 20.0
    reboot_verify: float = 40.0
    relaunch_verify: float = 60.0
    delay: float = 1.0
    max_delay: float = 5.0
    window: float = 120.0


SCALE = Scale()


@dataclass(frozen=True, slots=True)
class Part:
    """One assembly: what it comes after, whether it has a volume, and whether it may be launched anew."""

    name: str
    after: tuple[str, ...] = ()
    volume: bool = False
    relaunch: bool = True
    outside: bool = False  # looked at from the controller


SHAPES: tuple[tuple[Part, ...], ...] = (
    (Part("db", volume=True), Part("web", ("db",))),
    (Part("db", volume=True), Part("one", ("db",), outside=True), Part("two", ("db",))),
    (Part("left", relaunch=False), Part("right", relaunch=False)),
    (Part("db", volume=True), Part("cache"), Part("one", ("db", "cache")), Part("two", ("db", "cache"), outside=True)),
    (Part("db", volume=True), Part("web", ("db",), outside=True)),
    (Part("one"), Part("two"), Part("three", relaunch=False)),
    (Part("db", volume=True), Part("web", ("db",), relaunch=False)),
)
"""Seven shapes, one after the other on each infrastructure."""


@dataclass(frozen=True, slots=True)
class Application:
    """One deployable."""

    name: str
    infrastructure: str
    parts: tuple[Part, ...]

    def part(self, assembly: str) -> Part:
        return next(each for each in self.parts if each.name == assembly)

    def below(self, assembly: str) -> tuple[str, ...]:
        """What it depends on, through all levels, itself first."""
        found = [assembly]
        for name in found:
            found += [each for each in self.part(name).after if each not in found]
        return tuple(found)


def applications() -> tuple[Application, ...]:
    """All of them, always the same."""
    return tuple(
        Application(f"{where}-{number}", where, SHAPES[number % len(SHAPES)]) for where in INFRASTRUCTURES for number in range(EACH)
    )


def program() -> str:
    return Path(__file__).with_name("service.py").read_text()


def spec(application: Application) -> str:
    """Its spec file."""
    monitor = {"interval": SCALE.interval, "timeout": SCALE.timeout, "silence": SCALE.silence}
    document = {
        "deployable": application.name,
        "infrastructure": application.infrastructure,
        "defaults": {"image": "host", "monitor": monitor},
        "recovery": {
            "restart": rung(3, SCALE.restart_verify),
            "reboot": rung(3, SCALE.reboot_verify),
            "relaunch": rung(6, SCALE.relaunch_verify),
        },
        "assemblies": {part.name: assembly(part) for part in application.parts},
    }
    return yaml.safe_dump(document, sort_keys=False)


def rung(failures: int, verify: float) -> dict[str, object]:
    """One step of the ladder."""
    return {"failures": failures, "within": SCALE.window, "delay": SCALE.delay, "max_delay": SCALE.max_delay, "verify": verify}


def assembly(part: Part) -> dict[str, object]:
    """One assembly of a spec."""
    check = {"http": f"http://${{{part.name}.address}}:8000/", "from": "controller" if part.outside else "inside"}
    made: dict[str, object] = {}
    if part.volume:
        made["volumes"] = {"data": {"size": "1MiB", "mount": "/data"}}
    elif part.relaunch:
        made["data"] = "ephemeral"
    if part.after:
        made["after"] = list(part.after)
        made["parameters"] = {name.upper(): f"${{{name}.address}}" for name in part.after}
    made["provision"] = {"inline": f"#!/bin/sh\ncat > \"$PCLOUD_ROOT/service.py\" <<'END'\n{program()}END\n"}
    made["resources"] = {"service": {"agent": 'process:exec python3 -I -S "$PCLOUD_ROOT/service.py"', "checks": [check]}}
    return made

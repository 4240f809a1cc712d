"""Faults of the network: cut one way or both, resets, loss, latency: the firewall's rules on the loopback.

Rules: a fault has a table of its own, so that its end takes all of it away. The controller is known by the mark of its connections
(``begin`` sets it), machines by their addresses; a machine's own connections to others come from its address.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tests.chaos.faults.machines import node
from tests.chaos.faults.words import MissedError, Strikes, Undo
from tests.chaos.schedule import Fault
from tests.chaos.world import GROUPS, World

LOSS = 30  # per cent


def nft(text: str) -> None:
    done = subprocess.run(["nft", "-f", "-"], input=text.encode(), check=False, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"nft: {done.stderr.decode()}{text}")


def chain(table: str, name: str, hook: str, lines: list[str]) -> str:
    """A chain of a table, which is made if it is not there, as nft reads it."""
    return "\n".join([f"table inet {table} {{", f"chain {name} {{", f"type {hook};", *(f"{line};" for line in lines), "}", "}", ""])


def begin() -> None:
    """Connections of a controller carry its mark, its group's number, in both directions."""
    marks = [f"meta skgid {group} ct state new ct mark set {group}" for group in GROUPS.values()]
    nft(chain("chaos", "marking", "filter hook output priority -150", marks))


def end() -> None:
    nft("delete table inet chaos")


def rules() -> str:
    """All that is in the firewall."""
    return subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True, text=True).stdout


def laid(world: World, fault: Fault, hook: str, lines: list[str]) -> Undo:
    """A table for this fault and this world."""
    name = f"fault_{fault.number}_{world.site.name}"
    nft(chain(name, "struck", hook, lines))
    return lambda: nft(f"delete table inet {name}")


INPUT = "filter hook input priority 0"


def addresses(world: World, fault: Fault) -> str:
    """Those of the machines that it strikes, as a set."""
    if "/" in fault.targets[0]:
        return node(world, fault.targets[0]).address
    found = [each.address for each in world.site.nodes(fault.targets[0])]
    if not found:
        raise MissedError("there are no machines")
    return f"{{ {', '.join(found)} }}"


def from_controller(world: World, fault: Fault, verdict: str) -> list[str]:
    return [f"ct mark {world.site.group} ct direction original ip daddr {addresses(world, fault)} {verdict}"]


def to_controller(world: World, fault: Fault, verdict: str) -> list[str]:
    return [f"ct mark {world.site.group} ct direction reply ip saddr {addresses(world, fault)} {verdict}"]


def both_ways(world: World, fault: Fault, verdict: str) -> list[str]:
    return from_controller(world, fault, verdict) + to_controller(world, fault, verdict)


def from_everybody(world: World, fault: Fault, verdict: str) -> list[str]:
    where = addresses(world, fault)
    return [f"ip daddr {where} {verdict}", f"ip saddr {where} {verdict}"]


def dropping(which: Callable[[World, Fault, str], list[str]]) -> Callable[[World, Fault], Undo | None]:
    return lambda world, fault: laid(world, fault, INPUT, which(world, fault, "drop"))


def reset(world: World, fault: Fault) -> Undo:
    """Whatever is sent to the machines on a connection that stands is answered by a reset, in the middle of whatever was being said."""
    lines = from_controller(world, fault, "ct state established meta l4proto tcp reject with tcp reset")
    return laid(world, fault, INPUT, lines)


def lose(world: World, fault: Fault) -> Undo:
    """Of all packets to or from a machine of this world."""
    every = ", ".join(each.address for each in world.site.nodes())
    if not every:
        raise MissedError("there are no machines")
    verdict = f"numgen random mod 100 < {LOSS} drop"
    return laid(world, fault, INPUT, [f"ip daddr {{ {every} }} {verdict}", f"ip saddr {{ {every} }} ip daddr != {{ {every} }} {verdict}"])


def delay(world: World, fault: Fault) -> Undo:
    """The controller's connections to these machines go by a proxy that takes its time; those that stand are reset, and made anew."""
    redirect = f"meta skgid {world.site.group} ip daddr {addresses(world, fault)} tcp dport 2222 redirect to :{world.proxy}"
    undo = laid(world, fault, "nat hook output priority -100", [redirect])
    name = f"fault_{fault.number}_{world.site.name}"
    reset_line = from_controller(world, fault, "ct state established meta l4proto tcp reject with tcp reset")[0]
    nft(chain(name, "direct", INPUT, [reset_line]))
    return undo


STRIKES: Strikes = {
    "cut-infrastructure": dropping(both_ways),
    "cut-to": dropping(from_controller),
    "cut-from": dropping(to_controller),
    "cut-machine": dropping(from_everybody),
    "reset": reset,
    "loss": lose,
    "latency": delay,
}

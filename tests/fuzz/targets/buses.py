"""Whatever comes where a machine's D-Bus should speak: news of units that were asked for, or the end of the conversation.

Oracle: BusError alone; the same in whatever portions it comes; what is remembered and what is answered stay bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from jeepney.low_level import Endianness, parse_signature

from agents.bus import BusError, Conversation, UnitNews
from tests.fuzz.feeding import Feed, damaged, portions
from tests.fuzz.target import Target

UNITS = ("mariadb.service", "mysql.service", "apache2.service")
OK = b"OK 0123456789abcdef0123456789abcdef\r\n"
PATHS = ("/org/freedesktop/systemd1/unit/mariadb_2eservice", "/other", "/", "", "no path", "/not//so")
SERVICE, UNIT = "org.freedesktop.systemd1.Service", "org.freedesktop.systemd1.Unit"
TIMES = {"ActiveEnterTimestampMonotonic": ("t", 11), "ActiveExitTimestampMonotonic": ("t", 31), "InactiveExitTimestampMonotonic": ("t", 10)}
FAILED = {"ActiveState": ("s", "failed"), "Job": ("(uo)", (0, "/")), **TIMES}
ENDED = {"Result": ("s", "signal"), "ExecMainExitTimestampMonotonic": ("t", 30)}


def _body(signature: str, *values: Any) -> tuple[str, bytes]:
    return signature, parse_signature(list(f"({signature})")).serialise(values, 0, Endianness.little)


def _changed(interface: str, properties: dict[str, tuple[str, Any]]) -> tuple[str, bytes]:
    return _body("sa{sv}as", interface, properties, [])


BODIES: tuple[tuple[str, bytes], ...] = (
    ("", b""),
    *(_body("o", path) for path in PATHS[:3]),
    *(_body("s", path) for path in PATHS),
    *(_body("v", value) for value in (("s", "no"), ("s", ""), ("as", ["no"]), ("u", 7), ("o", PATHS[0]), ("(ss)", ("no", "no")))),
    *(_body("b", value) for value in (False, True)),
    _changed(SERVICE, ENDED),
    _changed(UNIT, FAILED),
    _changed(UNIT, FAILED | {"Job": ("s", ""), "ActiveState": ("as", [])}),
    _changed(UNIT, FAILED | {"Job": ("as", ["x"]), "ActiveEnterTimestampMonotonic": ("s", "soon")}),
    _changed(SERVICE, ENDED | {"Result": ("a{sv}", {}), "ExecMainExitTimestampMonotonic": ("ay", b"")}),
    ("v", b"\x01v\0" * 3000 + b"\x01y\0\x07"),
    ("a()", b"\xff\0\0\0\0\0\0\0"),
    ("v", b"\x03a()\0\0\0\0\xff\0\0\0\0\0\0\0"),
    ("a(())", b"\xff\0\0\0\0\0\0\0"),
    ("v", b"\x01h\0\0\0\0\0\0"),
)
FIELDS: dict[int, tuple[str, tuple[Any, ...]]] = {
    1: ("o", PATHS[:3]),
    2: ("s", ("org.freedesktop.DBus.Properties", "")),
    3: ("s", ("PropertiesChanged", "Reloading", "")),
    4: ("s", ("org.freedesktop.DBus.Error.ServiceUnknown",)),
    5: ("u", tuple(range(12))),
    9: ("u", (0, 1, 2**32 - 1)),
}
ODD_FIELDS = (("as", ["x"]), ("u", 7), ("s", ""), ("g", "a()"), ("a{sv}", {}), ("(u)", (1,)))


def _message(feed: Feed) -> bytes:
    signature, body = feed.pick(BODIES)
    fields: list[tuple[int, tuple[str, Any]]] = [(8, ("g", signature))] if signature else []
    for number, (kind, values) in FIELDS.items():
        match feed.below(5):
            case 0:
                pass
            case 4:
                fields.append((number, feed.pick(ODD_FIELDS)))
            case _:
                fields.append((number, (kind, feed.pick(values))))
    kind_of = 1 + feed.below(4)
    head = struct.pack("<cBBBII", b"l", kind_of, 0, 1, len(body), 7)
    told = parse_signature(list("a(yv)")).serialise(fields, 12, Endianness.little)
    return head + told + b"\0" * (-(len(head) + len(told)) % 8) + body


def run(data: bytes) -> None:
    feed = Feed(data)
    sizes = [1 + feed.byte() for _ in range(feed.below(4))]
    text = b"" if feed.below(8) == 1 else OK
    for _ in range(feed.below(24)):
        text += _message(feed)
    text = damaged(text, feed)[:50_000]  # less than a login may print
    once, parted = _news([text]), _news(portions(text, sizes))
    assert once == parted, "it depends on the portions"


def _news(parts: Iterable[bytes]) -> list[UnitNews] | None:
    """None where the conversation has ended."""
    talk, found, came, answered = Conversation(UNITS), [], 0, 0
    talk.outgoing()
    for part in parts:
        came += len(part)
        try:
            found += talk.feed(part)
        except BusError:
            return None
        answered += len(talk.outgoing())
        assert {len(talk._known), len(talk._asked), len(talk._asked_restart)} <= set(range(2 * len(UNITS) + 1)), "it remembers without end"
    assert answered <= 4096 + 16 * came, "it answers more and more"
    assert all(each.unit in UNITS and each.crashed.isprintable() for each in found)
    return found


BUSES = Target("buses", run, seeds=(b"", b"\0\0\x08" + bytes(range(200))))

"""What systemd says of units over D-Bus, as data: the bytes that ask for it, and the news in those that come.

Rules: without I/O; a reading is never more than a reason to look, except where the end of a service speaks for itself; what a login prints
before the bus speaks is skipped, and whatever else is no D-Bus ends the conversation with BusError.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.low_level import calc_msg_size

from pcloud.errors import PcloudError

SYSTEMD = DBusAddress("/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.systemd1.Manager")
_PROPERTIES = "org.freedesktop.DBus.Properties"
_UNIT = "org.freedesktop.systemd1.Unit"
_SERVICE = "org.freedesktop.systemd1.Service"

# As sd-bus does it: the bridge takes whoever may start it, so no identity is named, which could only be the controller's own.
_LOGIN = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"
_LOGGED_IN = re.compile(rb"OK [0-9a-f]{32}\r\n")
_NOISE_LIMIT = 65536
"""Bytes that a login may print before the bus speaks."""
_MESSAGE_LIMIT = 1 << 22
"""Bytes of one message: what systemd says of a unit has 2,000 or so."""
_HEAD = 16
"""Bytes of a message that tell its size."""
_NOTHING_EACH = re.compile(rb"a\(+\)")
"""An array of structures without fields, which D-Bus does not allow. jeepney would take one after the other and never come to their end.
A message whose texts have such a thing is not read either: nothing is lost but a reason to look sooner."""
_OF_ITSELF = frozenset({"watchdog", "oom-kill", "start-limit-hit"})
"""Results that nobody orders."""
_OF_UNIT = ("ActiveState", "SubState", "Job", "StateChangeTimestampMonotonic")
_OF_SERVICE = ("Result", "NRestarts", "MainPID")
"""What makes a signal news. Services that tell their status in words (php-fpm does every 10 s, others with each request) are not looked at
for each of them."""
_GARBAGE = (ValueError, LookupError, AssertionError, TypeError, OverflowError, RecursionError, struct.error)
"""What jeepney raises over bytes that are no D-Bus."""


class BusError(PcloudError):
    """What came is no D-Bus, or the bus refuses to speak with us."""


@dataclass(frozen=True, slots=True)
class UnitNews:
    """Something about ``unit`` has changed. ``crashed`` says how it ended by itself; empty where one must look to know how it is."""

    unit: str
    crashed: str = ""


@dataclass(slots=True)
class _Unit:
    """One unit by its path: the names under which it is asked for, and what was last said of it."""

    names: set[str] = field(default_factory=set)
    restart: str = ""  # its Restart=
    service: Mapping[str, Any] = field(default_factory=dict)
    standing: tuple[Any, ...] = ()


class Conversation:
    """With one machine's bus, about ``units``. What is ``outgoing`` is to be sent after the making and after every ``feed``."""

    def __init__(self, units: Iterable[str]) -> None:
        self._names = tuple(units)
        self._asked: dict[int, str] = {}  # the names whose paths were asked for, by the serial of the question
        self._asked_restart: dict[int, _Unit] = {}
        self._known: dict[str, _Unit] = {}
        self._came: bytearray | None = None  # what is to be read; None until the login is over
        self._noise = b""
        self._serial = 0
        self._waiting = bytearray(_LOGIN)
        self._call(message_bus.Hello())
        self._subscribing = self._call(new_method_call(SYSTEMD, "Subscribe"))  # else systemd tells nothing of units
        self._call(message_bus.AddMatch(_signals(SYSTEMD.interface, "Reloading", SYSTEMD.object_path)))
        self._find_units()

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        sent, self._waiting = bytes(self._waiting), bytearray()
        return sent

    def feed(self, data: bytes) -> list[UnitNews]:
        """The news in what came. Raises BusError."""
        if self._came is None:
            data = self._after_login(data)
        if self._came is None:
            return []
        self._came += data
        try:
            return [news for raw in self._whole(self._came) for news in self._read(Message.from_buffer(raw))]
        except _GARBAGE as error:
            raise BusError(f"what came from its bus cannot be read: {error}") from error

    def _whole(self, came: bytearray) -> Iterator[bytes]:
        """Take the messages that are there to their end."""
        while len(came) >= _HEAD:
            size = calc_msg_size(bytes(came[:_HEAD]))
            if size > _MESSAGE_LIMIT:
                raise BusError(f"a message of more than {_MESSAGE_LIMIT} bytes came from its bus")
            if len(came) < size:
                return
            raw = bytes(came[:size])
            del came[:size]
            if not _NOTHING_EACH.search(raw):
                yield raw

    def _after_login(self, data: bytes) -> bytes:
        self._noise += data
        found = _LOGGED_IN.search(self._noise)
        if found is not None:
            self._came = bytearray()
            return self._noise[found.end() :]
        if len(self._noise) > _NOISE_LIMIT:
            raise BusError("its login prints without end, and no bus speaks")
        return b""

    def _call(self, message: Message) -> int:
        self._serial += 1
        self._waiting += message.serialise(self._serial)
        return self._serial

    def _find_units(self) -> None:
        """Ask for their paths: a name may be an alias, and what it means changes when systemd reads its files anew.

        What is still asked is asked again then: who answers nothing and reads his files without end must not fill our memory.
        """
        self._asked.clear()
        self._asked_restart.clear()
        for name in self._names:
            self._asked[self._call(new_method_call(SYSTEMD, "LoadUnit", "s", (name,)))] = name

    def _read(self, message: Message) -> list[UnitNews]:
        fields, kind = message.header.fields, message.header.message_type
        signature, member = fields.get(HeaderFields.signature, ""), fields.get(HeaderFields.member)
        if kind is MessageType.error and fields.get(HeaderFields.reply_serial) == self._subscribing:
            raise BusError("systemd is not on its bus")  # or not yet: the bus itself has just begun
        if kind in {MessageType.method_return, MessageType.error}:
            answers = signature if kind is MessageType.method_return else ""
            path, value = (message.body[0] if answers == each else None for each in ("o", "v"))
            return self._answered(fields.get(HeaderFields.reply_serial, 0), path, value)
        if (member, signature) == ("Reloading", "b") and not message.body[0]:
            self._find_units()
        elif (member, signature) == ("PropertiesChanged", "sa{sv}as"):
            return self._changed(fields.get(HeaderFields.path, ""), *message.body[:2])
        return []

    def _answered(self, serial: int, path: str | None, value: tuple[str, Any] | None) -> list[UnitNews]:
        """Take in an answer: a unit's path, or what its Restart= is. Any other, an error's too, leaves things as they are."""
        name, unit = self._asked.pop(serial, None), self._asked_restart.pop(serial, None)
        if unit is not None:
            unit.restart = "" if value is None else value[1]
        return self._found(name, path) if name is not None and path is not None else []

    def _found(self, name: str, path: str) -> list[UnitNews]:
        """Listen to it from now on; what it did before nobody told."""
        unit = self._known.get(path)
        if unit is None:
            unit = self._known[path] = _Unit()
            self._call(message_bus.AddMatch(_signals(_PROPERTIES, "PropertiesChanged", path)))
        asked = DBusAddress(path, SYSTEMD.bus_name, _PROPERTIES)
        self._asked_restart[self._call(new_method_call(asked, "Get", "ss", (_SERVICE, "Restart")))] = unit
        if name in unit.names:
            return []
        for each in self._known.values():
            each.names.discard(name)
        unit.names.add(name)
        self._known = {path: unit for path, unit in self._known.items() if unit.names}
        return [UnitNews(name)]

    def _changed(self, path: str, interface: str, properties: Mapping[str, tuple[str, Any]]) -> list[UnitNews]:
        unit = self._known.get(path)
        if unit is None:
            return []
        values = {key: value for key, (_, value) in properties.items()}
        if interface == _SERVICE:  # systemd sends it just before the one of all units
            unit.service = values
        if interface != _UNIT:
            return []
        standing = tuple(values.get(key) for key in _OF_UNIT) + tuple(unit.service.get(key) for key in _OF_SERVICE)
        if standing == unit.standing:
            return []
        unit.standing = standing
        # On its way to being restarted by systemd a unit may be seen as failed for a moment.
        crashed = how_it_crashed(values, unit.service) if unit.restart == "no" else ""
        return [UnitNews(name, crashed) for name in sorted(unit.names)]


def _signals(interface: str, member: str, path: str) -> MatchRule:
    return MatchRule(type="signal", sender=SYSTEMD.bus_name, interface=interface, member=member, path=path)


def how_it_crashed(unit: Mapping[str, Any], service: Mapping[str, Any]) -> str:
    """Such as ``failed (signal)``, for a service that ended by itself and that nothing is queued for; else "".

    The same question as ``ended_by_itself`` of resources/systemd.sh, and the same answer: what a package or a person does to a unit is
    asked of systemd, and then the unit leaves "active" before its process ends.
    """
    result = str(service.get("Result", ""))
    if unit.get("ActiveState") != "failed" or unit.get("Job", (0,))[0] != 0 or result in {"", "success"}:
        return ""
    began, since, until = (unit.get(f"{name}TimestampMonotonic", 0) for name in ("InactiveExit", "ActiveEnter", "ActiveExit"))
    exited = service.get("ExecMainExitTimestampMonotonic", 0)
    return f"failed ({result})" if result in _OF_ITSELF or (since >= began and 0 < exited <= until) else ""

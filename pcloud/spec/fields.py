"""The kinds of values that keys of a spec can have, each with its own words for what is wrong.

Rules: every kind refuses what YAML made of a slip (``no`` for text, ``1e3`` for a name) instead of converting it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from pcloud.model.words import Mode, OnExhausted, Origin, Rung
from pcloud.spec.problems import did_you_mean
from pcloud.spec.units import DURATION_HINT, DURATION_PATTERN, SIZE_HINT, SIZE_PATTERN, duration, duration_text, shown, size

OURS = "pcloud"
"""The type of errors that carry our own message and cure."""

LONGEST_NAME = 63
"""Names become host names, whose labels end here (RFC 1035, section 2.3.4)."""

SHORTEST_INTERVAL = 0.1
"""Ten probes a second and check: more would load the machine that is watched."""

NAME_RULE = f"a name is lower-case letters, digits and inner hyphens, at most {LONGEST_NAME} of them"

HOST_KEY_RULE = "write its public line, as ssh-keyscan -t ed25519 prints it without the address: ssh-ed25519 AAAA…"

W = TypeVar("W", bound=StrEnum)

_NAME = re.compile(rf"(?=.{{1,{LONGEST_NAME}}}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[-.A-Za-z0-9]*[A-Za-z0-9])?")
_KEY_KIND = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-[-a-z0-9@.]+")
_NEVER = {"-1", "infinity", "inf", ".inf"}


class Keys(BaseModel):
    """A mapping with known keys; others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def shaped(**schema: JsonValue) -> ConfigDict:
    """The configuration of a mapping with what JSON schema can say of its keys together."""
    return ConfigDict(json_schema_extra=schema)


def wrong(message: str, cure: str = "") -> PydanticCustomError:
    """The error to raise in a validator."""
    return PydanticCustomError(OURS, "{message}", {"message": message, "cure": cure})


def as_text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(f"{shown(value)} is not text", "put it in quotes" if isinstance(value, bool | int | float) else "write text here")
    if not value.strip():
        raise wrong("is empty text", "give it a value, or leave the key out")
    return value


def _name(value: object) -> str:
    text = as_text(value)
    if not _NAME.fullmatch(text):
        raise wrong(f"{shown(text)} is not a name", NAME_RULE)
    return text


def _variable(value: object) -> str:
    text = as_text(value)
    if not _VARIABLE.fullmatch(text):
        raise wrong(f"{shown(text)} cannot be the name of an environment variable", "use letters, digits and underscores, as in DB_HOST")
    if text.startswith("PCLOUD_"):
        raise wrong(f"{text} belongs to pcloud", "choose a name that does not begin with PCLOUD_")
    return text


def _duration(value: object) -> float:
    try:
        return duration(value)
    except ValueError as error:
        raise wrong(str(error), DURATION_HINT) from error


def _interval(value: object) -> float:
    seconds = _duration(value)
    if seconds < SHORTEST_INTERVAL:
        raise wrong(f"{shown(value)} is too short", f"the shortest is {duration_text(SHORTEST_INTERVAL)}")
    return seconds


def _size(value: object) -> int:
    try:
        return size(value)
    except ValueError as error:
        raise wrong(str(error), SIZE_HINT) from error


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"{shown(value)} is neither true nor false", "write true or false")
    return value


def _failures(value: object) -> int:
    if str(value).lower() in _NEVER:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**6:
        raise wrong(f"{shown(value)} is not a number of failures", "write 1 or more, or -1 or INFINITY to never escalate")
    return value


def whole(low: int, high: int, what: str) -> Callable[[object], int]:
    """A validator of whole numbers from ``low`` to ``high``; ``what`` says what they are (``a port``)."""

    def validate(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise wrong(f"{shown(value)} is not {what}", f"write a whole number from {low} to {high}")
        return value

    return validate


def word(kind: type[W], what: str) -> Callable[[object], W]:
    """A validator of one of our closed vocabularies."""

    def validate(value: object) -> W:
        known = [member.value for member in kind]
        if value not in known:
            raise wrong(f"{shown(value)} is not {what}", did_you_mean(str(value), known, "known"))
        return kind(value)

    return validate


def _mount(value: object) -> str:
    text = as_text(value)
    if not text.startswith("/") or ".." in text.split("/") or text.strip("/") == "" or any(char.isspace() for char in text):
        raise wrong(f"{shown(text)} is not a place to mount a volume", "write an absolute path such as /var/lib/mysql")
    return "/" + text.strip("/")


def _url(value: object) -> str:
    text = as_text(value)
    try:
        parts = urlsplit(re.sub(r"\$\{[^}]*\}", "reference", text))
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    if not fine or any(char.isspace() or not char.isprintable() for char in text):
        raise wrong(f"{shown(text)} is not an http address", 'write a URL such as "http://${web.address}/"')
    return text


def _address(value: object) -> str:
    text = as_text(value)
    try:
        return str(ip_address(text))
    except ValueError as error:
        if _HOST.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
            return text
        raise wrong(f"{shown(text)} is not an address", "write an IP address or a host name") from error


def _host_key(value: object) -> str:
    text = as_text(value).strip()
    if text.upper().startswith(("SHA256:", "MD5:")):
        raise wrong(f"{shown(text)} is the fingerprint of a key", HOST_KEY_RULE)
    words = text.split()
    kinds = [index for index, each in enumerate(words) if _KEY_KIND.fullmatch(each)]
    if kinds and kinds[0] > 0:
        raise wrong(f"{shown(text)} has a word before the kind of key", f"leave out {shown(' '.join(words[: kinds[0]]))}")
    if not kinds or len(words) < 2 or not words[1].startswith("AAAA") or "\n" in text:
        raise wrong(f"{shown(text)} is not a host key", HOST_KEY_RULE)
    return text


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list | dict) else [as_text(value)]


def _some(one: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"anyOf": [one, {"type": "array", "items": one, "uniqueItems": True}]}


def form(**schema: JsonValue) -> WithJsonSchema:
    """How JSON schema says what a kind of value looks like: never stricter than its validator, and as strict as editors can use."""
    return WithJsonSchema(schema)


TEXT: dict[str, JsonValue] = {"type": "string", "pattern": r"\S"}
NAME: dict[str, JsonValue] = {"type": "string", "pattern": rf"^{_NAME.pattern}$".replace(r"\Z", "$"), "maxLength": LONGEST_NAME}
DURATION: dict[str, JsonValue] = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}
FAILURES: list[JsonValue] = [
    {"type": "integer", "minimum": 1, "maximum": 10**6},
    {"enum": [-1, "-1", "INFINITY", "infinity", "Infinity", "inf", "INF"]},
]


Text = Annotated[str, BeforeValidator(as_text), form(**TEXT)]
Name = Annotated[str, BeforeValidator(_name), form(**NAME)]
Variable = Annotated[str, BeforeValidator(_variable), form(type="string", pattern=f"^(?!PCLOUD_){_VARIABLE.pattern}$")]
Seconds = Annotated[float, BeforeValidator(_duration), form(**DURATION)]
Interval = Annotated[float, BeforeValidator(_interval), form(**DURATION)]
Bytes = Annotated[int, BeforeValidator(_size), form(type="string", pattern=SIZE_PATTERN)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Failures = Annotated[
    int,
    BeforeValidator(_failures),
    PlainSerializer(lambda failures: failures or -1, return_type=int),
    form(anyOf=FAILURES),
]
Mount = Annotated[str, BeforeValidator(_mount), form(type="string", pattern=r"^\s*/[^\s]*$")]
Url = Annotated[str, BeforeValidator(_url), form(type="string", pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://\S+$")]
HostKey = Annotated[str, BeforeValidator(_host_key), form(type="string", pattern=rf"^\s*{_KEY_KIND.pattern}\s+AAAA")]
Address = Annotated[str, BeforeValidator(_address), form(type="string", pattern=r"^[-.:0-9A-Za-z%]+$")]
Names = Annotated[list[Name], BeforeValidator(_one_or_more), form(**_some(NAME))]
Texts = Annotated[list[Text], BeforeValidator(_one_or_more), form(**_some(TEXT))]
RungWord = Annotated[Rung, BeforeValidator(word(Rung, "a rung"))]
ModeWord = Annotated[Mode, BeforeValidator(word(Mode, "a mode"))]
OnExhaustedWord = Annotated[OnExhausted, BeforeValidator(word(OnExhausted, "what can be done when exhausted"))]
OriginWord = Annotated[Origin, BeforeValidator(word(Origin, "where a check can be made"))]

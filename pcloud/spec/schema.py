"""Every key of the spec format.

Rules: what one mapping says alone is judged here; what needs its neighbours (names, references, inheritance) is judged in ``judging``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pcloud.spec.fields import (
    TEXT,
    Address,
    Bytes,
    Flag,
    HostKey,
    Interval,
    Keys,
    Mount,
    Name,
    Names,
    OriginWord,
    Seconds,
    Text,
    Texts,
    Url,
    Variable,
    as_text,
    form,
    shaped,
    whole,
    wrong,
)
from pcloud.spec.problems import did_you_mean
from pcloud.spec.recovery import RecoveryKeys
from pcloud.spec.units import shown

EVERYWHERE = "*"
"""The key of an image or size that is named once, for all infrastructures. No name of an infrastructure looks like this."""

AT_MOST = 100
"""Probes in a row that may be waited for: more would be blindness."""

Port = Annotated[int, BeforeValidator(whole(1, 65535, "a port")), form(type="integer", minimum=1, maximum=65535)]
Status = Annotated[int, BeforeValidator(whole(100, 599, "an HTTP status")), form(type="integer", minimum=100, maximum=599)]
InARow = Annotated[int, BeforeValidator(whole(1, AT_MOST, "a number of probes in a row")), form(type="integer", minimum=1, maximum=AT_MOST)]

CheckLevel = Annotated[int, BeforeValidator(whole(0, 100, "a check level")), form(type="integer", minimum=0, maximum=100)]


def _per_infrastructure(value: object) -> object:
    return value if isinstance(value, dict | list) else {EVERYWHERE: as_text(value)}


def _carrier(value: object) -> object:
    if value == "ssh":
        return value
    if value in ("guest", "agent"):
        raise wrong("the guest agent is not yet supported", "write carrier: ssh")
    raise wrong(f"{shown(value)} is not a carrier", "write ssh")


def _data(value: object) -> object:
    if value not in ("ephemeral", "keep"):
        raise wrong(f"{shown(value)} says nothing about data", did_you_mean(str(value), ["ephemeral", "keep"], "known"))
    return value


def _monitor(value: object) -> object:
    return {"command": value} if isinstance(value, str) else value


def _param(value: object) -> object:
    if isinstance(value, list):
        raise wrong("is a list", "a parameter is text, or {secret: NAME}")
    return {"value": value} if isinstance(value, str) else value


PerInfrastructure = Annotated[
    dict[str, Text],
    BeforeValidator(_per_infrastructure),
    form(anyOf=[TEXT, {"type": "object", "additionalProperties": TEXT}]),
]
Carrier = Annotated[Literal["ssh"], BeforeValidator(_carrier)]
Data = Annotated[Literal["ephemeral", "keep"], BeforeValidator(_data)]


def exactly_one(model: Keys, keys: tuple[str, ...], example: str) -> str:
    """The one key of ``keys`` that is there; an error when there is none or are several."""
    there = [key for key in keys if key in model.model_fields_set]
    if len(there) == 1:
        return there[0]
    if there:
        raise wrong(f"says {' and '.join(there)}", f"keep one of them: {' or '.join(keys)}")
    raise wrong(f"says none of {', '.join(keys)}", f"write one of them, as in {example}")


class MonitorKeys(Keys):
    """How a machine is watched."""

    carrier: Carrier | None = None
    user: Text | None = None
    port: Port | None = None
    interval: Interval | None = None
    timeout: Interval | None = None
    silence: Interval | None = None
    host_key: HostKey | None = None


class ResourceMonitorKeys(Keys):
    """How a resource agent's own monitor runs; ``command`` is the monitor of ``script:``, which is written without the key."""

    interval: Interval | None = None
    timeout: Interval | None = None
    command: Text | None = None
    check_level: CheckLevel | None = None


class CheckKeys(Keys):
    """One check in its short form."""

    tcp: Port | None = None
    http: Url | None = None
    command: Text | None = None
    status: Status | None = None
    contains: Text | None = None
    certificate: Text | None = None
    origin: OriginWord | None = Field(default=None, alias="from")
    interval: Interval | None = None
    timeout: Interval | None = None
    fall: InARow = 3
    rise: InARow = 1

    model_config = shaped(
        oneOf=[{"required": ["tcp"]}, {"required": ["http"]}, {"required": ["command"]}],
        dependencies={
            "status": ["http"],
            "contains": ["http"],
            "certificate": {"required": ["http"], "properties": {"http": {"pattern": "^[Hh][Tt][Tt][Pp][Ss]:"}}},
        },
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kind = exactly_one(self, ("tcp", "http", "command"), "{tcp: 3306}")
        for key in ("status", "contains", "certificate"):
            if key in self.model_fields_set and kind != "http":
                raise wrong(f"{key} has no meaning in a {kind} check", "it belongs to http checks")
        if self.certificate is not None and not (self.http or "").lower().startswith("https:"):
            raise wrong("pins a certificate for a page without TLS", "write https://, or leave certificate out")
        if kind == "command" and self.origin is not None and self.origin.value == "controller":
            raise wrong("a command check runs inside the machine", "leave out from: controller")
        return self


class VolumeKeys(Keys):
    """A disk that outlives every relaunch."""

    size: Bytes
    mount: Mount


class SecretKeys(Keys):
    """Where a secret comes from."""

    file: Text | None = None
    env: Text | None = None

    model_config = shaped(oneOf=[{"required": ["file"]}, {"required": ["env"]}])

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(self, ("file", "env"), "{file: /etc/pcloud/secrets/NAME}")
        return self


class ScriptKeys(Keys):
    """A script: the path of a file beside the spec, or its text."""

    script: Text | None = None
    inline: Text | None = None

    model_config = shaped(oneOf=[{"required": ["script"]}, {"required": ["inline"]}])

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(self, ("script", "inline"), "{script: files/NAME.sh}")
        return self


class ProvisionKeys(Keys):
    """What is done once, at the first boot: a script, cloud-init's own configuration, or both."""

    script: Text | None = None
    inline: Text | None = None
    cloud_config: dict[str, Any] | None = None  # cloud-init's, not ours: it judges it

    model_config = shaped(minProperties=1, allOf=[{"not": {"required": ["script", "inline"]}}])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.cloud_config is None or {"script", "inline"} <= self.model_fields_set:
            exactly_one(self, ("script", "inline"), "{script: files/NAME.sh}, or cloud_config")
        return self


class ParamKeys(Keys):
    """A parameter of an OCF agent: its value, which is written without the key and may be empty, or what of its assembly holds it."""

    value: str | None = None
    secret: Text | None = None
    parameter: Text | None = None

    model_config = shaped(oneOf=[{"required": ["value"]}, {"required": ["secret"]}, {"required": ["parameter"]}])

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(self, ("value", "secret", "parameter"), "{secret: NAME}")
        return self


class RebootKeys(Keys):
    """How a static machine is rebooted while it is silent; runs on the controller."""

    command: Text


class ResourceKeys(Keys):
    """One service. ``timeout`` is that of its start and its stop, each."""

    agent: Text | None = None
    checks: list[CheckKeys] = Field(default_factory=list)
    restarts: Text | None = None
    user: Text | None = None
    directory: Text | None = None
    start: Text | None = None
    stop: Text | None = None
    monitor: Annotated[ResourceMonitorKeys, BeforeValidator(_monitor)] = Field(default_factory=ResourceMonitorKeys)
    params: dict[str, Annotated[ParamKeys, BeforeValidator(_param)]] = Field(default_factory=dict)
    timeout: Seconds | None = None
    recovery: RecoveryKeys = Field(default_factory=RecoveryKeys)


class DefaultKeys(Keys):
    """What every assembly has unless it says otherwise."""

    image: PerInfrastructure | None = None
    size: PerInfrastructure | None = None
    networks: Texts | None = None
    monitor: MonitorKeys = Field(default_factory=MonitorKeys)
    data: Data | None = None
    spread: Flag | None = None


class AssemblyKeys(DefaultKeys):
    """One machine."""

    address: Address | None = None
    volumes: dict[Name, VolumeKeys] = Field(default_factory=dict)
    after: Texts = Field(default_factory=list)
    parameters: dict[Variable, str] = Field(default_factory=dict)
    secrets: dict[Variable, SecretKeys] = Field(default_factory=dict)
    provision: ProvisionKeys | None = None
    configure: ScriptKeys | None = None
    reboot: RebootKeys | None = None
    resources: dict[Name, ResourceKeys] = Field(default_factory=dict)
    recovery: RecoveryKeys = Field(default_factory=RecoveryKeys)


class DeployableKeys(Keys):
    """The whole file."""

    deployable: Name
    infrastructure: Names = Field(default_factory=lambda: ["local"], min_length=1)
    defaults: DefaultKeys = Field(default_factory=DefaultKeys)
    recovery: RecoveryKeys = Field(default_factory=RecoveryKeys)
    assemblies: dict[Name, AssemblyKeys] = Field(min_length=1)

"""What ``args`` of an infrastructure with the driver ``openstack`` may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pcloud.spec.fields import as_text, wrong


def _texts(value: object) -> tuple[str, ...]:
    """One name, or a list of them, as in a spec."""
    found = tuple(as_text(each) for each in value) if isinstance(value, list | tuple) else (as_text(value),)
    if len(set(found)) < len(found):
        raise wrong("names something twice", "write each once")
    return found


def _yes_or_no(value: object) -> object:
    if not isinstance(value, bool):
        raise wrong(f"{value!r} is neither true nor false", "write true, false, or leave it to the cloud")
    return value


Text = Annotated[str, BeforeValidator(as_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class OpenStackArgs(BaseModel):
    """Names or ids of what the spec does not speak of. Empty: the cloud's own choice.

    ``networks`` are for assemblies whose spec names none; from ``floating_network`` every assembly gets an address that is reached from
    outside; ``key_pair`` is let in beside pcloud's own key; ``zone`` is an availability zone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Text = ""
    zone: Text = ""
    networks: Texts = ()
    security_groups: Texts = ()
    key_pair: Text = ""
    floating_network: Text = ""
    volume_type: Text = ""
    config_drive: Annotated[bool | None, BeforeValidator(_yes_or_no)] = None

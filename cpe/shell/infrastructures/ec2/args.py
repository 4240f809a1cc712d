"""What ``args`` of an infrastructure with the driver ``ec2`` may say."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from pcloud.spec.fields import as_text, wrong


def _texts(value: object) -> tuple[str, ...]:
    """One name, or a list of them, as in a spec."""
    found = tuple(as_text(each) for each in value) if isinstance(value, list | tuple) else (as_text(value),)
    if len(set(found)) < len(found):
        raise wrong("names something twice", "write each once")
    return found


def _url(value: str) -> str:
    parts = urlsplit(value)
    try:
        sensible = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        sensible = False
    if not sensible:
        raise wrong(f"{value!r} is no address", "write it as in https://ec2.example.org:8773/")
    return value


def _which(value: object) -> object:
    if value not in {"private", "public"}:
        raise wrong(f"{value!r} is neither private nor public", "write the one at which the controller reaches the machines")
    return value


Text = Annotated[str, BeforeValidator(as_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class EC2Args(BaseModel):
    """Names or ids of what the spec does not speak of. Empty: the account's default.

    ``endpoint`` is where the API is, if not at Amazon's; ``subnet`` is for assemblies whose spec names none; ``key_pair`` is let in beside
    pcloud's own key; ``image_owners`` are those whose images go by their names; ``size`` is for assemblies that name none; ``address`` says
    at which of its addresses a machine is reached.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Text = ""
    endpoint: Annotated[str, AfterValidator(_url), BeforeValidator(as_text)] = ""
    zone: Text = ""
    subnet: Text = ""
    security_groups: Texts = ()
    key_pair: Text = ""
    image_owners: Texts = ("self",)
    size: Text = "t3.micro"
    volume_type: Text = "gp3"
    address: Annotated[Literal["private", "public"], BeforeValidator(_which)] = "private"

"""Everything about a lab that another module might want to know: size, directories, addresses, ports, passwords.

One place: no other module writes down a port, an address or a path of the lab.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal, get_args

from openstack_lab.errors import LabError

Size = Literal["fake", "full"]
SIZES: tuple[Size, ...] = get_args(Size)

HOME = Path("/var/lib/pcloud-openstack-lab")
HOME_VARIABLE = "PCLOUD_OPENSTACK_LAB"  # another directory, for one start

# Two links lead out of the lab's room; this machine's ends have these names, 15 characters at most.
GUESTS_LINK = "pclab-guests"
API_LINK = "pclab-api"
GUESTS = IPv4Network("10.77.0.0/24")  # guests, and this machine as their gateway
API = IPv4Network("10.77.1.0/30")  # this machine and the services
PHYSICAL = "provider"  # the guests' link seen from the room, and Neutron's name for the network behind it

INSIDE = "127.0.0.1"  # the room's own loopback: database and messages are nobody else's business
COMPUTE_HOST = "lab-compute-0"
VOLUME_HOST = "lab-volume-0"
REGION = "RegionOne"

PORTS = {"keystone": 5000, "placement": 8778, "glance": 9292, "nova": 8774, "neutron": 9696, "cinder": 8776, "heat": 8004}
DATABASE_PORT = 3306
MESSAGES_PORT = 5672


@dataclass(frozen=True)
class Secrets:
    """Passwords; each start of a lab draws new ones."""

    admin: str
    demo: str
    small: str
    service: str
    database: str
    messages: str
    heat_key: str

    @classmethod
    def draw(cls) -> Secrets:
        return cls(**{each.name: secrets.token_hex(16) for each in fields(cls)})


@dataclass(frozen=True)
class Settings:
    """One lab. What is not an argument follows from it."""

    size: Size = "fake"
    cinder: bool = True
    heat: bool = False
    home: Path = HOME
    secrets: Secrets = field(default_factory=Secrets.draw, repr=False)

    @property
    def api(self) -> str:
        return str(API[2])

    @property
    def gateway(self) -> str:
        return str(GUESTS[1])

    @property
    def keystone(self) -> str:
        return self.url("keystone") + "/v3"

    def url(self, service: str) -> str:
        return f"http://{self.api}:{PORTS[service]}"

    @property
    def cache(self) -> Path:
        """Survives the lab: what is slow to make and always the same."""
        return self.home / "cache"

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    @property
    def logs(self) -> Path:
        return self.home / "log"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def memory(self) -> Path:
        """A file system in memory that only the room sees: what writes much and small, and mount points."""
        return self.home / "memory"

    @property
    def database(self) -> Path:
        return self.memory / "database"

    @property
    def volumes(self) -> Path:
        """Cinder's "export": its NFS driver wants ":/" in the name."""
        return self.state / "share:" / "volumes"

    @property
    def guest(self) -> Path:
        return self.cache / "guest"

    @property
    def record(self) -> Path:
        return self.home / "lab.json"

    @property
    def clouds(self) -> Path:
        return self.home / "clouds.yaml"

    def directories(self) -> list[Path]:
        below = ("nova", "neutron", "cinder", "glance", "images", "instances", "home", "lock", "libvirt")
        return [self.cache, self.etc, self.logs, self.run, self.memory, self.volumes, *(self.state / name for name in below)]

    def save(self) -> None:
        """Nobody but root reads it: it holds the passwords."""
        words = {**asdict(self), "home": str(self.home)}
        write_private(self.record, json.dumps(words, indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """The file appears whole or not at all, and for its owner alone."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.rename(path)


def saved(home: Path) -> Settings | None:
    """The lab that was begun here, whatever became of it; None where there is none."""
    try:
        words = json.loads((home / "lab.json").read_text())
        return Settings(**{**words, "home": Path(words["home"]), "secrets": Secrets(**words["secrets"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise LabError(f"{home / 'lab.json'} cannot be read ({error}): take the lab down and bring it up again") from error

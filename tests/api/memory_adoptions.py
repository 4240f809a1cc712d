"""What the controller without machines does with machines that are there already: it knows of those that a test puts there."""

from __future__ import annotations

from collections.abc import Callable

from cpe.shell.host_keys import fingerprint, plain
from pcloud.errors import NotFoundError, RefusedError
from pcloud.records.adopting import Adoption, AdoptRequest, KeySource

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


class MemoryAdoptions:
    """``parts`` gives the assemblies of a deployable; NotFoundError if there is none."""

    def __init__(self, parts: Callable[[str], set[str]]) -> None:
        self._parts = parts
        self.machines: set[str] = set()
        self.replaces = ""
        self.adopted: dict[str, str] = {}

    async def look(self, name: str, assembly: str, request: AdoptRequest) -> Adoption:
        if assembly not in self._parts(name):
            raise NotFoundError(f"{name} has no assembly {assembly}")
        if request.instance not in self.machines:
            raise NotFoundError(f"local has no instance {request.instance}")
        source: KeySource = "you" if request.host_key else "offered"
        key = plain(request.host_key or HOST_KEY)
        place = {"infrastructure": "local", "address": "127.0.0.9", "port": 22, "user": "ann", "generation": 1}
        who = {"host_key": key, "fingerprint": fingerprint(key), "key_source": source, "replaces": self.replaces}
        return Adoption.model_validate({"assembly": assembly, "instance": request.instance, **place, **who})

    async def adopt(self, name: str, assembly: str, request: AdoptRequest) -> None:
        if (await self.look(name, assembly, request)).key_source == "offered":
            raise RefusedError("nobody vouches for its host key", "add --host-key")
        self.adopted[f"{name}/{assembly}"] = request.instance

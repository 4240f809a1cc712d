"""Images at an OpenStack's image service (Glance): an image with its kernel and initial RAM disk is put there whole, or not at all.

Rules: everything that is there is looked at before anything is sent; what was sent counts when the service's digest of it is that of our
file; what a call has made, and what one that was killed on this machine has left half-made, is deleted again; nothing else ever is.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cpe.shell.infrastructures.failures import CLOUD_ERRORS, is_absent, translated
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from cpe.shell.infrastructures.openstack.sending import FileBody
from pcloud.errors import InfrastructureError, RefusedError

Words = Mapping[str, Any]
Told = Callable[[str, int, int], None]
"""Hears the name of what is sent, how much of it is on its way, and its size; in bytes."""

CHUNK = 2**20  # bytes that are read at once
DONE = "active"
HALF = {"queued", "saving", "importing", "uploading"}
"""What Glance calls an image whose content is not there."""

REBUILD = "build it anew: pcloud image build --replace"

SENDER = "pcloud_uploaded_from"
"""The property that says which machine has sent it."""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """One file of an image. ``kind`` is Glance's disk format; ``role`` the property of the disk that names this part, empty for the disk
    itself. ``sha256`` is what its content must be.
    """

    name: str
    path: Path
    sha256: str
    kind: str
    role: str = ""
    properties: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Put:
    """An image that is there. ``new``: it was put there now."""

    id: str
    parts: Mapping[str, str]
    new: bool


class ImageService:
    """Of the infrastructure ``where``; for one thread."""

    def __init__(self, where: str, driver: OpenStackDriver) -> None:
        self._where, self._driver = where, driver

    def put(self, parts: Sequence[ImagePart], told: Told) -> Put:
        """Have these parts there, of which the last one is the disk. RefusedError where something else bears a name of theirs, or a file is
        not what it should be; InfrastructureError where the cloud does not do it.
        """
        for part in parts:
            if digest(part.path, "sha256") != part.sha256:
                raise RefusedError(
                    f"{part.path} is not what was built: its checksum has changed", "build it anew: pcloud image build --replace"
                )
        try:
            return self._put(parts, told)
        except CLOUD_ERRORS as error:
            raise translated(error, f"{self._where}: uploading {parts[-1].name}") from error

    def _put(self, parts: Sequence[ImagePart], told: Told) -> Put:
        there = {part.name: found for part in parts if (found := self._found(part)) is not None}
        made: list[str] = []
        roles: dict[str, str] = {}
        disk = parts[-1]
        self._refuse_other_boot(parts, there)
        try:
            for part in parts:
                if part.name not in there:
                    made.append(self._reserve(part, roles if part is disk else {}))
                    self._send(part, made[-1], told)
                roles[part.role] = str(there[part.name]["id"]) if part.name in there else made[-1]
        except BaseException:
            for each in reversed(made):
                with suppress(*CLOUD_ERRORS):  # what cannot be deleted now is swept away by the next upload, or used by it
                    self._delete(each)
            raise
        return Put(roles.pop(""), roles, new=bool(made))

    def _found(self, part: ImagePart) -> Words | None:
        """What bears its name already, once it is seen to be the same; what was left half-made is swept away. RefusedError."""
        whole = []
        for image in self._named(part.name):
            if image.get("status") not in HALF:
                whole.append(image)
            elif image.get(SENDER) == platform.node():
                self._delete(image["id"])
            else:
                said = f"{self._where}: an image {part.name} ({image['id']}) is being made there, or was left half-made"
                raise RefusedError(said, "wait for its end, or delete it there")
        if len(whole) > 1:
            ids = ", ".join(str(each["id"]) for each in whole)
            raise RefusedError(f"{self._where} has {len(whole)} images {part.name} ({ids})", "delete all but one there")
        if whole and not same(whole[0], part):
            cure = "delete it there, or build yours under another name"
            raise RefusedError(f"{self._where} has another image {part.name} ({whole[0]['id']}), of another content", cure)
        return whole[0] if whole else None

    def _refuse_other_boot(self, parts: Sequence[ImagePart], there: Mapping[str, Words]) -> None:
        """A disk that is there must name the kernel that is there."""
        *others, disk = parts
        if disk.name not in there:
            return
        for part in others:
            named = there[disk.name].get(part.role)
            if part.name not in there or named != there[part.name]["id"]:
                said = f"{self._where} has the disk {disk.name} already, but its {part.role} is {named}, and not that of {part.name}"
                raise RefusedError(said, f"delete {disk.name} there, and upload it again")

    def _named(self, name: str) -> list[Words]:
        found: list[Words] = self._ask("/v2/images", params={"name": name})["images"]
        return [each for each in found if each.get("name") == name]

    def _reserve(self, part: ImagePart, roles: Words) -> str:
        """An image without content; its id."""
        container = part.kind if part.role else "bare"
        words = {"name": part.name, "disk_format": part.kind, "container_format": container, SENDER: platform.node()}
        return str(self._ask("/v2/images", "POST", {**words, **part.properties, **roles})["id"])

    def _send(self, part: ImagePart, image: str, told: Told) -> None:
        with FileBody(part.path, lambda sent: told(part.name, sent, len(body))) as body:
            self._ask(f"/v2/images/{image}/file", "PUT", body)
        arrived = self._ask(f"/v2/images/{image}")
        if arrived.get("status") != DONE or not same(arrived, part):
            said = f"{self._where}: {part.name} did not arrive as it was sent (it is {arrived.get('status')}), and was deleted there"
            raise InfrastructureError(said, "try again; if that does not help, look at the image service's log")

    def _delete(self, image: str) -> None:
        try:
            self._ask(f"/v2/images/{image}", "DELETE")
        except CLOUD_ERRORS as error:
            if not is_absent(error):
                raise

    def _ask(self, path: str, method: str = "GET", data: Any = "", params: Words | None = None) -> Any:
        return self._driver.image_connection.request(path, method=method, data=data, params=params).object


def same(image: Words, part: ImagePart) -> bool:
    """Whether the content of an image that is there is that of our file, by the digest that its service keeps."""
    for kind, value in ((image.get("os_hash_algo"), image.get("os_hash_value")), ("md5", image.get("checksum"))):
        if kind in hashlib.algorithms_available and value:
            return digest(part.path, str(kind)) == str(value)
    return False


def digest(path: Path, kind: str) -> str:
    """Of a whole file. RefusedError where it cannot be read."""
    found = hashlib.new(kind, usedforsecurity=False)  # md5 is all that some old clouds keep
    try:
        with path.open("rb") as file:
            while part := file.read(CHUNK):
                found.update(part)
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", REBUILD) from error
    return found.hexdigest()

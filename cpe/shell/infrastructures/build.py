"""Makes an infrastructure from its settings: the one place that knows which drivers there are.

A driver is imported when the first infrastructure asks for it: a daemon has one or two clouds, and need not hold the others' tables.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from libcloud.compute.providers import DRIVERS as PROVIDERS

from cpe.shell.infrastructures.order import Order
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.model.ports import Infrastructure

if TYPE_CHECKING:
    from cpe.shell.infrastructures.openstack.images import ImageService

MAKERS = {
    "local": "local.making",
    "machine": "machine.making",
    "static": "static",
    "openstack": "openstack.making",
    "ec2": "ec2.making",
}
"""The module here that makes one for each driver that has a dialect of its own."""
LIBCLOUDS = sorted(str(each) for each in PROVIDERS)
"""What libcloud has beside: as far as its base API goes."""
PLAIN = "plain.making"
IMAGES = {"openstack": "openstack.making"}
"""Likewise, of those that take uploads of images."""
INSTEAD = {"machine": "build a tree (--format tree), and name its directory in args.images", "local": "its only image is host"}


def build(name: str, settings: InfrastructureSettings, *, controller: str, state_directory: Path) -> Infrastructure:
    """The infrastructure ``name``; RefusedError if its driver is not known, InfrastructureError if its place cannot be made."""
    order = Order(name, settings, controller, state_directory / "clouds" / name)
    if settings.driver not in {*MAKERS, *LIBCLOUDS}:
        near = get_close_matches(settings.driver, [*MAKERS, *LIBCLOUDS], n=1)
        raise order.refused(f"there is no driver {settings.driver!r}", f"did you mean {near[0]}?" if near else "use driver = 'local'")
    return cast("Infrastructure", _module(MAKERS.get(settings.driver, PLAIN)).make(order))


def image_service(name: str, settings: InfrastructureSettings, *, state_directory: Path) -> ImageService:
    """Where images of the infrastructure ``name`` are kept; RefusedError unless that is an OpenStack's image service."""
    order = Order(name, settings, "", state_directory / "clouds" / name)
    if settings.driver not in IMAGES:
        cure = INSTEAD.get(settings.driver, "only an OpenStack does; elsewhere use the cloud's own tools")
        raise order.refused(f"the driver {settings.driver} takes no uploads of images", cure)
    return cast("ImageService", _module(IMAGES[settings.driver]).image_service(order))


def _module(path: str) -> ModuleType:
    return import_module(f"cpe.shell.infrastructures.{path}")

"""Makes an infrastructure from its settings: the one place that knows which drivers there are."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from libcloud.compute.providers import DRIVERS as PROVIDERS
from libcloud.compute.providers import get_driver
from pydantic import BaseModel, ValidationError

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.ec2.account import Account as EC2Account
from cpe.shell.infrastructures.ec2.args import EC2Args
from cpe.shell.infrastructures.ec2.dialect import EC2Dialect
from cpe.shell.infrastructures.ec2.driver import EC2Driver
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.faults import Faults, FaultyNodeDriver
from cpe.shell.infrastructures.machine.driver import MachineNodeDriver
from cpe.shell.infrastructures.machine.network import Network
from cpe.shell.infrastructures.machine.programs import missing
from cpe.shell.infrastructures.machine.settings import MachineArgs
from cpe.shell.infrastructures.openstack.account import Account
from cpe.shell.infrastructures.openstack.args import OpenStackArgs
from cpe.shell.infrastructures.openstack.clouds import Clouds
from cpe.shell.infrastructures.openstack.dialect import OpenStackDialect
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from cpe.shell.infrastructures.openstack.identity import Identity
from cpe.shell.infrastructures.openstack.images import ImageService
from cpe.shell.infrastructures.plain.dialect import PlainDialect
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.infrastructures.static import StaticInfrastructure
from pcloud.errors import InfrastructureError, RefusedError
from pcloud.model.ports import Infrastructure
from pcloud.spec.problems import path_text
from pcloud.spec.wording import known_keys, wording

M = TypeVar("M", bound=BaseModel)

DRIVERS = ("local", "machine", "static", "openstack", "ec2")
LIBCLOUDS = sorted(str(each) for each in PROVIDERS)
"""What libcloud has beside: as far as its base API goes."""


def build(name: str, settings: InfrastructureSettings, *, controller: str, state_directory: Path) -> Infrastructure:
    """The infrastructure ``name``; RefusedError if its driver is not known, InfrastructureError if its place cannot be made."""
    if settings.driver not in {*DRIVERS, *LIBCLOUDS}:
        raise _unknown(name, settings.driver)
    if settings.driver == "static":
        _no_args(name, settings)
        return StaticInfrastructure(name)
    if settings.driver == "openstack":
        return _openstack(name, settings, controller=controller)
    if settings.driver == "ec2":
        return _ec2(name, settings, controller=controller)
    if settings.driver not in DRIVERS:
        return _plain(name, settings, controller=controller)
    make = _machine if settings.driver == "machine" else _local
    return make(name, settings, controller=controller, directory=state_directory / "clouds" / name)


def _local(name: str, settings: InfrastructureSettings, *, controller: str, directory: Path) -> Infrastructure:
    _no_args(name, settings)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        LocalNodeDriver(directory)
    except OSError as error:
        raise InfrastructureError(f"infrastructure {name}: {directory} cannot be used: {error}") from error
    faults = Faults(directory)
    calls = Calls(name, lambda: FaultyNodeDriver(directory, faults, controller))
    return LibcloudInfrastructure(name, calls, LocalDialect(), controller=controller)


def _machine(name: str, settings: InfrastructureSettings, *, controller: str, directory: Path) -> Infrastructure:
    """Containers of this host; RefusedError where it cannot have any."""
    if os.geteuid() != 0:
        raise RefusedError(f"infrastructure {name}: only root may boot machines", "use driver = 'local', or run the daemon as root")
    if packages := missing():
        raise RefusedError(
            f"infrastructure {name}: its machines need {', '.join(packages)}", f"install: apt-get install {' '.join(packages)}"
        )
    _no_cloud(name, settings)
    args = _args(name, MachineArgs, settings.args)
    network = Network(args.bridge, args.subnet)
    calls = Calls(name, lambda: MachineNodeDriver(directory, args.images, network, controller))
    return LibcloudInfrastructure(name, calls, LocalDialect(), controller=controller)


def _openstack(name: str, settings: InfrastructureSettings, *, controller: str) -> Infrastructure:
    """An account at an OpenStack; RefusedError where what is written of it makes no sense. Nothing is asked yet."""
    args = _args(name, OpenStackArgs, settings.args)
    identity = _identity(name, settings, args)
    calls = Calls(name, lambda: OpenStackDriver(identity))
    return LibcloudInfrastructure(name, calls, OpenStackDialect(name, args), controller=controller)


def _identity(name: str, settings: InfrastructureSettings, args: OpenStackArgs) -> Identity:
    """Its login, which is read now, to see that it makes sense, and at each use."""
    clouds = Clouds(os.environ)

    def account() -> Account:
        return clouds.account(settings.cloud, args.region)

    try:
        account()
    except RefusedError as error:
        raise RefusedError(f"infrastructure {name}: {error}", error.cure) from error
    return Identity(account)


def image_service(name: str, settings: InfrastructureSettings) -> ImageService:
    """Where images of the infrastructure ``name`` are kept; RefusedError unless that is an OpenStack's image service."""
    if settings.driver != "openstack":
        cures = {"machine": "build a tree (--format tree), and name its directory in args.images", "local": "its only image is host"}
        said = f"infrastructure {name}: the driver {settings.driver} takes no uploads of images"
        raise RefusedError(said, cures.get(settings.driver, "only an OpenStack does; elsewhere use the cloud's own tools"))
    identity = _identity(name, settings, _args(name, OpenStackArgs, settings.args))
    return ImageService(name, OpenStackDriver(identity))


def _ec2(name: str, settings: InfrastructureSettings, *, controller: str) -> Infrastructure:
    """An account at EC2; RefusedError where what is written of it makes no sense. Nothing is asked yet."""
    args = _args(name, EC2Args, settings.args)
    account = EC2Account(dict(os.environ), settings.cloud, args)
    try:
        account.keys()
        place = account.place()
    except RefusedError as error:
        raise RefusedError(f"infrastructure {name}: {error}", error.cure) from error
    calls = Calls(name, lambda: EC2Driver(account, place, args.image_owners))
    return LibcloudInfrastructure(name, calls, EC2Dialect(name, args), controller=controller)


def _plain(name: str, settings: InfrastructureSettings, *, controller: str) -> Infrastructure:
    """Any other driver of libcloud's; RefusedError where its ``args`` are not those of its constructor."""
    _no_cloud(name, settings)
    kind = get_driver(settings.driver)
    try:
        inspect.signature(kind).bind(**settings.args)
    except TypeError as error:
        known = ", ".join(inspect.signature(kind).parameters)
        raise RefusedError(f"infrastructure {name}: args: libcloud's driver {settings.driver}: {error}", f"it takes {known}") from error
    calls = Calls(name, lambda: kind(**settings.args))
    return LibcloudInfrastructure(name, calls, PlainDialect(name, settings.driver), controller=controller)


def _args(name: str, model: type[M], written: Mapping[str, object]) -> M:
    """What ``args`` come to; RefusedError that names each one that is wrong, and what would be right."""
    try:
        return model.model_validate(written)
    except ValidationError as error:
        raise RefusedError("\n".join(_problems(name, model, error)), f"its args are {', '.join(known_keys(model, ()))}") from error


def _problems(name: str, model: type[BaseModel], error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        message, cure = wording(detail, known_keys(model, detail["loc"][:-1]))
        yield f"infrastructure {name}: args.{path_text(detail['loc'])}: {message}{f'; {cure}' if cure else ''}"


def _no_args(name: str, settings: InfrastructureSettings) -> None:
    if settings.args or settings.cloud:
        raise RefusedError(f"infrastructure {name}: the driver {settings.driver} takes no args and no cloud", "leave them out")


def _no_cloud(name: str, settings: InfrastructureSettings) -> None:
    if settings.cloud:
        raise RefusedError(f"infrastructure {name}: the driver {settings.driver} takes no cloud", "leave it out")


def _unknown(name: str, driver: str) -> RefusedError:
    near = get_close_matches(driver, [*DRIVERS, *LIBCLOUDS], n=1)
    return RefusedError(
        f"infrastructure {name}: there is no driver {driver!r}", f"did you mean {near[0]}?" if near else "use driver = 'local'"
    )

"""Makes an infrastructure from its settings: the one place that knows which drivers there are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.faults import Faults, FaultyNodeDriver
from cpe.shell.infrastructures.machine.driver import MachineNodeDriver
from cpe.shell.infrastructures.machine.network import Network
from cpe.shell.infrastructures.machine.programs import missing
from cpe.shell.infrastructures.machine.settings import MachineArgs
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.infrastructures.static import StaticInfrastructure
from pcloud.errors import InfrastructureError, RefusedError
from pcloud.model.ports import Infrastructure
from pcloud.spec.problems import path_text
from pcloud.spec.wording import known_keys, wording

DRIVERS = ("local", "machine", "static")
NOT_YET = ("openstack", "ec2")
"""Drivers that the design names and that are not built yet."""


def build(name: str, settings: InfrastructureSettings, *, controller: str, state_directory: Path) -> Infrastructure:
    """The infrastructure ``name``; RefusedError if its driver is not known, InfrastructureError if its place cannot be made."""
    if settings.driver not in DRIVERS:
        raise _unknown(name, settings.driver)
    if settings.driver == "static":
        _no_args(name, settings)
        return StaticInfrastructure(name)
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
    try:
        args = MachineArgs.model_validate(settings.args)
    except ValidationError as error:
        raise RefusedError("\n".join(_problems(name, error)), "its args are images (NAME = DIRECTORY), bridge and subnet") from error
    network = Network(args.bridge, args.subnet)
    calls = Calls(name, lambda: MachineNodeDriver(directory, args.images, network, controller))
    return LibcloudInfrastructure(name, calls, LocalDialect(), controller=controller)


def _problems(name: str, error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        message, cure = wording(detail, known_keys(MachineArgs, detail["loc"][:-1]))
        yield f"infrastructure {name}: args.{path_text(detail['loc'])}: {message}{f'; {cure}' if cure else ''}"


def _no_args(name: str, settings: InfrastructureSettings) -> None:
    if settings.args or settings.cloud:
        raise RefusedError(f"infrastructure {name}: the driver {settings.driver} takes no args and no cloud", "leave them out")


def _unknown(name: str, driver: str) -> RefusedError:
    if driver in NOT_YET:
        return RefusedError(f"infrastructure {name}: the driver {driver} is not supported yet", "use driver = 'local'")
    near = get_close_matches(driver, [*DRIVERS, *NOT_YET], n=1)
    return RefusedError(
        f"infrastructure {name}: there is no driver {driver!r}", f"did you mean {near[0]}?" if near else "use driver = 'local'"
    )

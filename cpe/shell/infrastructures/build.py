"""Makes an infrastructure from its settings: the one place that knows which drivers there are."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.infrastructures.static import StaticInfrastructure
from pcloud.errors import InfrastructureError, RefusedError
from pcloud.model.ports import Infrastructure

DRIVERS = ("local", "static")
NOT_YET = ("machine", "openstack", "ec2")
"""Drivers that the design names and that are not built yet."""


def build(name: str, settings: InfrastructureSettings, *, controller: str, state_directory: Path) -> Infrastructure:
    """The infrastructure ``name``; RefusedError if its driver is not known, InfrastructureError if its place cannot be made."""
    if settings.driver not in DRIVERS:
        raise _unknown(name, settings.driver)
    if settings.driver == "static":
        _no_args(name, settings)
        return StaticInfrastructure(name)
    return _local(name, settings, controller=controller, directory=state_directory / "clouds" / name)


def _local(name: str, settings: InfrastructureSettings, *, controller: str, directory: Path) -> Infrastructure:
    _no_args(name, settings)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        LocalNodeDriver(directory)
    except OSError as error:
        raise InfrastructureError(f"infrastructure {name}: {directory} cannot be used: {error}") from error
    return LibcloudInfrastructure(name, Calls(name, lambda: LocalNodeDriver(directory)), LocalDialect(), controller=controller)


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

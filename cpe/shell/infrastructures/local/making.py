"""Makes the embedded cloud from its settings: a directory of its own on this host."""

from __future__ import annotations

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.faults import Faults, FaultyNodeDriver
from cpe.shell.infrastructures.order import Order
from pcloud.errors import InfrastructureError
from pcloud.model.ports import Infrastructure


def make(order: Order) -> Infrastructure:
    """InfrastructureError if its directory cannot be used, RefusedError if there are args."""
    order.takes_no_args()
    try:
        order.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        LocalNodeDriver(order.directory)
    except OSError as error:
        raise InfrastructureError(f"infrastructure {order.name}: {order.directory} cannot be used: {error}") from error
    faults = Faults(order.directory)
    calls = Calls(order.name, lambda: FaultyNodeDriver(order.directory, faults, order.controller))
    return LibcloudInfrastructure(order.name, calls, LocalDialect(), controller=order.controller)

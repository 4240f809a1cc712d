"""Makes a cloud of this host's containers from its settings."""

from __future__ import annotations

import os

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.machine.driver import MachineNodeDriver
from cpe.shell.infrastructures.machine.network import Network
from cpe.shell.infrastructures.machine.programs import missing
from cpe.shell.infrastructures.machine.settings import MachineArgs
from cpe.shell.infrastructures.order import Order
from pcloud.model.ports import Infrastructure


def make(order: Order) -> Infrastructure:
    """RefusedError where this host cannot have any."""
    if os.geteuid() != 0:
        raise order.refused("only root may boot machines", "use driver = 'local', or run the daemon as root")
    if packages := missing():
        raise order.refused(f"its machines need {', '.join(packages)}", f"install: apt-get install {' '.join(packages)}")
    order.takes_no_cloud()
    args = order.args(MachineArgs)
    network = Network(args.bridge, args.subnet)
    calls = Calls(order.name, lambda: MachineNodeDriver(order.directory, args.images, network, order.controller))
    return LibcloudInfrastructure(order.name, calls, LocalDialect(), controller=order.controller)

"""Makes what speaks to an account at EC2, from its settings. Nothing is asked of the cloud yet."""

from __future__ import annotations

import os

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.ec2.account import Account
from cpe.shell.infrastructures.ec2.args import EC2Args
from cpe.shell.infrastructures.ec2.dialect import EC2Dialect
from cpe.shell.infrastructures.ec2.driver import EC2Driver
from cpe.shell.infrastructures.order import Order
from pcloud.errors import RefusedError
from pcloud.model.ports import Infrastructure


def make(order: Order) -> Infrastructure:
    """RefusedError where what is written of the account makes no sense."""
    args = order.args(EC2Args)
    account = Account(dict(os.environ), order.settings.cloud, args)
    try:
        account.keys()
        place = account.place()
    except RefusedError as error:
        raise order.refused(str(error), error.cure) from error
    calls = Calls(order.name, lambda: EC2Driver(account, place, args.image_owners))
    return LibcloudInfrastructure(order.name, calls, EC2Dialect(order.name, args), controller=order.controller)

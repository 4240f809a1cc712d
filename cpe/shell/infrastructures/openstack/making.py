"""Makes what speaks to an account at an OpenStack, from its settings. Nothing is asked of the cloud yet."""

from __future__ import annotations

import os

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.openstack.account import Account
from cpe.shell.infrastructures.openstack.args import OpenStackArgs
from cpe.shell.infrastructures.openstack.clouds import Clouds
from cpe.shell.infrastructures.openstack.dialect import OpenStackDialect
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from cpe.shell.infrastructures.openstack.identity import Identity
from cpe.shell.infrastructures.openstack.images import ImageService
from cpe.shell.infrastructures.order import Order
from pcloud.errors import RefusedError
from pcloud.model.ports import Infrastructure


def make(order: Order) -> Infrastructure:
    """RefusedError where what is written of the account makes no sense."""
    args = order.args(OpenStackArgs)
    identity = _identity(order, args)
    calls = Calls(order.name, lambda: OpenStackDriver(identity))
    return LibcloudInfrastructure(order.name, calls, OpenStackDialect(order.name, args), controller=order.controller)


def image_service(order: Order) -> ImageService:
    """Where its images are kept; RefusedError likewise."""
    return ImageService(order.name, OpenStackDriver(_identity(order, order.args(OpenStackArgs))))


def _identity(order: Order, args: OpenStackArgs) -> Identity:
    """Its login, which is read now, to see that it makes sense, and at each use."""
    clouds = Clouds(os.environ)

    def account() -> Account:
        return clouds.account(order.settings.cloud, args.region)

    try:
        account()
    except RefusedError as error:
        raise order.refused(str(error), error.cure) from error
    return Identity(account)

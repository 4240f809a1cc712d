"""Makes what speaks to any other cloud that libcloud knows, from its settings."""

from __future__ import annotations

import inspect

from libcloud.compute.providers import get_driver

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.order import Order
from cpe.shell.infrastructures.plain.dialect import PlainDialect
from pcloud.model.ports import Infrastructure


def make(order: Order) -> Infrastructure:
    """RefusedError where its ``args`` are not those of the driver's constructor."""
    order.takes_no_cloud()
    driver, args = order.settings.driver, order.settings.args
    kind = get_driver(driver)
    try:
        inspect.signature(kind).bind(**args)
    except TypeError as error:
        known = ", ".join(inspect.signature(kind).parameters)
        raise order.refused(f"args: libcloud's driver {driver}: {error}", f"it takes {known}") from error
    calls = Calls(order.name, lambda: kind(**args))
    return LibcloudInfrastructure(order.name, calls, PlainDialect(order.name, driver), controller=order.controller)

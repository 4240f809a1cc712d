"""Making an instance: one for each generation, however often it is asked for.

Rules: each order has a token that follows from the generation alone, so that EC2 itself makes no second one for an order that is given
again; a token whose instance was terminated is used up, and the next one is taken. Where tokens are not heeded, tags find the twins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from libcloud.compute.base import Node
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.ec2.connections import EC2Error
from cpe.shell.infrastructures.ec2.driver import EC2Driver
from pcloud.errors import HardInfrastructureError
from pcloud.model.instance import Tags

TOKENS = 8
"""Tokens that one generation may use up: each is an instance of that name that was deleted within a day, with its deployable."""

TERMINATED = "IdempotentInstanceTerminated"
"""The token's instance is there no more."""

OTHERWISE = "IdempotentParameterMismatch"
"""The token's instance was asked for in other words: before the spec changed, or the deployable was deleted and made anew."""

FOR_GOOD = ("InvalidParameter", "Unsupported", "InvalidBlockDeviceMapping", "MissingParameter", "InvalidAMIID", "InvalidUserData")
"""How codes of orders begin that EC2 will never obey: a size too small for the image, say."""

GONE = {NodeState.STOPPING, NodeState.TERMINATED}


def token(tags: Tags, number: int) -> str:
    """The client token of a generation's ``number``-th try; EC2 takes 64 characters."""
    words = "\0".join((tags.controller, tags.deployable, tags.assembly, str(tags.generation), str(number)))
    return f"pcloud-{hashlib.sha256(words.encode()).hexdigest()[:48]}"


def create(driver: EC2Driver, tags: Tags, params: Mapping[str, str], sentence: str) -> Node:
    """The instance of this generation; ``sentence`` begins errors."""
    for number in range(TOKENS):
        mark = token(tags, number)
        try:
            node = driver.run({**params, "ClientToken": mark})
        except EC2Error as error:
            if error.reason == TERMINATED:
                continue
            if error.reason == OTHERWISE:
                living = [each for each in driver.list_nodes() if each.extra["client_token"] == mark and each.state not in GONE]
                if living:
                    return living[0]
                continue
            if error.code == 404 or error.reason.startswith(FOR_GOOD):
                raise HardInfrastructureError(f"{sentence}: {error}", "change what is asked for") from error
            raise
        if node.state not in GONE:
            return node
    raise HardInfrastructureError(
        f"{sentence}: {TOKENS} instances of this generation were terminated within a day", "name the assembly anew"
    )

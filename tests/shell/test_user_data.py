"""User data within what a cloud takes: as it is, compressed, or refused before anything is made."""

from __future__ import annotations

import base64
import gzip
import random
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.cloudinit import first_boot
from dpe.shell.userdata import fitted, sent
from pcloud.errors import HardInfrastructureError
from pcloud.model.plan import AssemblyPlan
from tests.shell.house import DB, House

OPENSTACK = 65_535
"""Bytes of base64 that Nova takes."""

PROSE = "#!/bin/sh\n" + "echo the same line again and again\n" * 2_000
NOISE = "#!/bin/sh\n: " + base64.b64encode(random.Random(7).randbytes(60_000)).decode()


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.cloud.user_data_limit = OPENSTACK
    return made


async def launched(house: House, plan: AssemblyPlan) -> bytes:
    made = await house.machines.launch(plan, "lab", 1, resumed=False)
    return house.cloud.nodes[made.id].order.user_data


async def test_what_is_short_enough_is_sent_as_it_is(house: House) -> None:
    assert (await launched(house, DB)).startswith(b"Content-Type: multipart/mixed")


async def test_what_is_too_long_is_compressed_and_says_the_same(house: House) -> None:
    long = replace(DB, provision=PROSE)
    data = await launched(house, long)
    assert sent(data) <= OPENSTACK < sent(gzip.decompress(data))
    assert PROSE.encode() in [each.content for each in first_boot(data).files]
    assert fitted(gzip.decompress(data), OPENSTACK, "shop/db", "lab") == data, "equal input gives equal bytes"
    house.cloud.user_data_limit = None
    assert first_boot(await launched(house, replace(long, name="web", volumes=()))).files[1].content == PROSE.encode()


async def test_what_is_too_long_all_the_same_is_refused_before_anything_is_made(house: House) -> None:
    with pytest.raises(
        HardInfrastructureError, match=r"lab: the user data of shop/db is too long: \S+ bytes, .* 65,535 are taken"
    ) as refused:
        await launched(house, replace(DB, provision=NOISE))
    assert "fetch" in refused.value.cure
    assert (house.cloud.nodes, house.cloud.disks, house.cloud.asked) == ({}, {}, [])


def test_the_limit_is_what_base64_has() -> None:
    for length in range(7):
        document = b"x" * length
        assert sent(document) == len(base64.b64encode(document))
        assert fitted(document, sent(document), "shop/db", "lab") == document

"""A guest of a disk that was built: it obeys its user data, fills its disk, and outlives a power cut right after its first boot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.keyring import FileKeyring
from tests.agents import nspawn
from tests.cli.conftest import Pcloud, alone
from tests.images import guests
from tests.images.guests import guest
from tests.images.test_real_images import build, pcloud
from tests.infrastructures.access import PLAN, Access

__all__ = ["alone", "pcloud"]  # fixtures

WHY_NOT = nspawn.why_not() or guests.why_not()

pytestmark = [
    pytest.mark.image,
    pytest.mark.real,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-"),
    pytest.mark.timeout(3600),
]


def test_it_obeys_its_user_data_fills_its_disk_and_outlives_a_power_cut(pcloud: Pcloud, tmp_path: Path) -> None:
    image = build(pcloud, "emulated", "--emulated")
    access = Access(tmp_path, FileKeyring(tmp_path / "keys", "test"))
    plan = replace(PLAN, provision='#!/bin/sh\necho "$COLOUR" > /etc/colour\n')
    with guest(image, tmp_path, access, access.user_data(plan, COLOUR="red"), "3G") as one:
        boot = one.run("cat /proc/sys/kernel/random/boot_id").stdout
        provisioned = "until [ -e /var/lib/pcloud/provisioned ]; do sleep 1; done; cat /var/lib/pcloud/provisioned /etc/colour /etc/baked"
        assert one.run(provisioned).stdout == "0\nred\nbaked\n"
        one.power_cut()
        again = one.run("cat /proc/sys/kernel/random/boot_id").stdout
        assert again != boot
        assert one.run("cat /etc/colour; hostname").stdout == "red\nweb\n"
        assert one.run("sudo -n systemctl --failed --no-legend").stdout == ""
        assert int(one.run("df --output=size -m / | tail -n 1").stdout) > 2500
        assert one.run("sudo -n dmesg | grep -c 'EXT4-fs error'").stdout == "0\n"

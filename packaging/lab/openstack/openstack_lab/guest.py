"""The guests' image, for the lab's size ``full``: what ``pcloud image build --emulated`` builds. Built once, kept in the cache.

Without partitions and boot loader: the kernel and its initial RAM disk lie beside it. The program that builds it is the checkout's own, and
runs with this same Python: the lab itself needs nothing but the standard library, and so does that.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from openstack_lab.commands import network_settings, run
from openstack_lab.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[4]
NAME = "debian"
PATIENCE = 2 * 3600.0  # seconds; the builder ends what takes too long, and says so, before that


def exists(settings: Settings) -> bool:
    return settings.guest.is_dir()


def build(settings: Settings) -> None:
    """Whole or not at all."""
    store = settings.cache / "guest.new"  # which `down` takes away where it was left half-made
    shutil.rmtree(store, ignore_errors=True)
    settings.cache.mkdir(parents=True, exist_ok=True)
    ours = {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "yes"}  # as root, in a checkout that may be somebody else's
    words = (sys.executable, "-m", "pcloud.images", str(store), NAME)
    run(*words, log=settings.cache / "guest.log", env=network_settings() | ours, timeout=PATIENCE)
    (store / NAME / "disk.qcow2").rename(store / NAME / "guest.qcow2")
    (store / NAME).rename(settings.guest)
    shutil.rmtree(store)

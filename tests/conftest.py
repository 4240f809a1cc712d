"""Fixtures and rules for every test: virtual time unless a test is marked ``real``; nothing may be left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("real") or item.get_closest_marker("machine"):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualTimeLoop}

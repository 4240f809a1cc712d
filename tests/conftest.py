"""Fixtures and rules for every test: virtual time unless a test is marked ``real``; nothing may be left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import settings

from tests.openstack_lab.keeping import KEEPER, LAST
from tests.virtual_time import VirtualTimeLoop

settings.register_profile("quick", max_examples=15, stateful_step_count=25, deadline=None)
settings.register_profile("thorough", max_examples=1000, stateful_step_count=50, deadline=None)
settings.load_profile("quick")  # unless pytest is run with --hypothesis-profile=thorough


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("real") or item.get_closest_marker("machine"):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualTimeLoop}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-scenarios", action="store_true", help="write what pcloud simulate says now into tests/scenarios")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        operation = getattr(item, "operation_label", "")
        if operation:  # one name for all of them would be run once only where the tests are dealt out to several processes
            item._id = item.id.with_params(operation)
    twice = [name for name, number in Counter(item.nodeid for item in items).items() if number > 1]
    assert not twice, f"tests of one name: {twice}"
    slow = {item.path for item in items if item.get_closest_marker("real")}  # first, or a process works on the last of them alone
    items.sort(key=lambda item: (LAST.index(item.path.stem) if item.path.stem in LAST else -1, item.path not in slow))


@pytest.fixture(scope="session", autouse=True)
def _no_lab_is_left() -> Iterator[None]:
    """An OpenStack that tests have brought up is taken down behind the last of them."""
    yield
    KEEPER.down()


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()  # all that was imported stays: not to be walked through again and again takes a tenth off the quick tests


os.environ.pop("COLUMNS", None)  # the width of whoever started the tests is not that of what they look at

# Started in the background, or with nohup: what the tests start would inherit it, and Ctrl-C or the end of a session could not be tried.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

"""A service whose process lives while its port is closed: soft evidence, which takes ``fall`` misses in a row to count as one failure."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pcloud.model.words import Choice, Rung
from pcloud.records.event import EventRecord
from tests.system.running import Daemon, until
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

INTERVAL = 0.2  # seconds, as the spec says
KEYS = "        recovery: {restart: {verify: 120s}}"


def decisions(events: list[EventRecord]) -> list[tuple[Rung | None, int]]:
    """What was decided to be done, and as which failure in its window."""
    found = [event.record for event in events if event.record is not None and event.record.choice is Choice.ACT]
    return [(record.action, record.failures) for record in found]


def another(daemon: Daemon, service: int) -> int | None:
    """The service's pid, if it runs and is not that one."""
    try:
        pid = daemon.pid("pair", "back", "service")
    except FileNotFoundError:
        return None  # it is stopped, and not started yet
    return pid if pid != service else None


def answers(address: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, 7000)) == 0


@contextmanager
def closed_port(daemon: Daemon) -> Iterator[None]:
    """The back's service listens to nobody, whichever process it is; afterwards it does again."""
    instance = daemon.assembly("pair", "back").instance
    assert instance is not None
    flag = daemon.root("pair", "back") / "deaf"
    flag.touch()
    until(lambda: not answers(instance.address), "the port is closed")
    yield
    flag.unlink()
    until(lambda: answers(instance.address), "the port is open again")


def test_a_port_that_is_closed_for_a_while_is_one_failure_and_one_restart(daemon: Daemon) -> None:
    daemon.bring_up(pair(KEYS))
    service = daemon.pid("pair", "back", "service")
    mark = daemon.newest()
    with closed_port(daemon):
        daemon.until_event(lambda event: event.record is not None and event.record.choice is Choice.ACT, "something is decided", mark)
        restarted = until(lambda: another(daemon, service), "it is restarted")
        time.sleep(5 * 3 * INTERVAL)  # time for several times as many misses: none of them counts while the restart verifies
        assert decisions(daemon.events(mark)) == [(Rung.RESTART, 1)], daemon.story(mark)
        assert daemon.assembly("pair", "back").state != "healthy"
    daemon.until_event(lambda event: event.assembly is None and event.to == "healthy", "healthy again", mark)
    daemon.until_state("pair", "healthy")
    assert decisions(daemon.events(mark)) == [(Rung.RESTART, 1)], daemon.story(mark)
    assert daemon.pid("pair", "back", "service") == restarted


def looks(daemon: Daemon, after: int) -> list[str]:
    """What was told of the port since: ProbeMissed for every miss, and ProbePassed for the first pass after one."""
    facts = daemon.client.facts("pair", after=after, limit=1000)
    return [fact.kind for fact in facts if "7000" in fact.fields.get("probe", "")]


def test_ports_that_are_closed_for_fewer_checks_than_count_lead_to_nothing(daemon: Daemon) -> None:
    source = pair().replace("{tcp: 7000}", "{tcp: 7000, fall: 20}")
    assert "fall: 20" in source
    daemon.bring_up(source)
    service = daemon.pid("pair", "back", "service")
    mark = daemon.newest()
    for _ in range(3):  # more misses than count together, were they not forgiven by the pass between them
        known = daemon.client.facts("pair", limit=1000)[-1].seq
        with closed_port(daemon):
            until(lambda known=known: len(looks(daemon, known)) >= 7, "the port is found closed")  # type: ignore[misc]
        until(lambda known=known: looks(daemon, known)[-1] == "ProbePassed", "the port is found open again")  # type: ignore[misc]
        if looks(daemon, known).count("ProbeMissed") > 19:
            pytest.skip("this machine is too busy to close a port for a moment")
    assert daemon.events(mark) == []
    assert daemon.pid("pair", "back", "service") == service
    daemon.until_state("pair", "healthy")

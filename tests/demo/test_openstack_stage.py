"""What the acts of the show-piece on OpenStack share, on the embedded cloud: words in a machine, a killed controller, what was done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.client import Client
from pcloud.client.spec_files import read_spec
from pcloud.demo.faults import NAME
from pcloud.demo.openstack.acts import TARGET
from pcloud.demo.openstack.lab import Lab
from pcloud.demo.openstack.place import GuestsPlace
from pcloud.demo.openstack.stage import Stage
from pcloud.demo.openstack.times import times_of
from pcloud.errors import PcloudError, TimedOutError
from pcloud.model.words import Rung
from pcloud.screen.console import Screen

pytestmark = pytest.mark.real

SPEC = """
deployable: wordpress
defaults: {image: host, data: ephemeral, monitor: {interval: 500ms, timeout: 5s}}
assemblies:
  mysql: {resources: {sleeper: {agent: 'process:sleep 100000'}}}
  web: {after: [mysql], resources: {sleeper: {agent: 'process:sleep 100000'}}}
"""
KILL = 'read -r pid _ <"$PCLOUD_ROOT/run/pcloud/sleeper.pid"; echo prepared; read -r _; kill -9 $pid'


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    place = GuestsPlace(tmp_path / "demo", tmp_path / "clouds.yaml")
    place.furnish()
    place.configuration = ""  # the embedded cloud alone
    place.spec.write_text(SPEC)
    try:
        place.start_daemon()
        with Client(place.socket) as client:
            made = Stage(place, Lab(), client, None, Screen())  # type: ignore[arg-type]  # nobody else looks at this cloud
            play = made.playing_from(0)
            client.create(read_spec(str(place.spec)))
            client.start(NAME)
            play.until_well()
            yield made
    finally:
        place.clear()


def test_what_is_killed_at_a_word_is_restarted_and_the_times_begin_with_that_word(stage: Stage) -> None:
    before, play = stage.boot_id(), stage.playing()
    play.broken("kill -9", stage.place.inside_at_a_word(TARGET, KILL))
    play.until_well()
    play.expect_done(Rung.RESTART)
    with pytest.raises(PcloudError, match="expected reboot of mysql, and saw restart"):
        play.expect_done(Rung.REBOOT)
    times = times_of("1. It is killed.", "restart", play)
    assert 0 <= times.detect <= times.healthy
    assert times.decide is not None
    assert stage.boot_id() == before


def test_that_it_was_well_before_the_fault_is_not_taken_for_its_recovery(stage: Stage) -> None:
    well = next(event for event in stage.client.events(last=True, limit=100)[::-1] if event.assembly is None and event.to == "healthy")
    play = stage.playing_from(well.seq - 1)
    play.broken("kill -9", stage.place.inside_at_a_word(TARGET, KILL))
    play.until_well()
    play.expect_done(Rung.RESTART)


def test_a_controller_that_was_killed_is_started_again_and_goes_on(stage: Stage) -> None:
    play, instance = stage.playing(), stage.instance()
    killed = stage.place.kill_daemon()
    stage.place.start_daemon()
    assert stage.place.daemon_pid() != killed
    assert stage.instance() == instance
    with pytest.raises(TimedOutError, match=r"not seen within 0\.5s: the moon"):
        play.until(lambda _: False, "the moon", patience=0.5)
    play.expect_done()


def test_what_fails_in_a_machine_is_told(stage: Stage) -> None:
    assert stage.place.inside(TARGET, "echo $((6 * 7))") == "42"
    with pytest.raises(PcloudError, match="`echo no >&2; false` failed in wordpress/mysql: no"):
        stage.place.inside(TARGET, "echo no >&2; false")
    with pytest.raises(PcloudError, match="failed in wordpress/mysql"):
        stage.place.inside_at_a_word(TARGET, "false")

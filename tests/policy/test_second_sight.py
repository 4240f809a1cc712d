"""What must be seen beside a silence before anything is done: a peer that misses it, or the cloud's word (policy.md section 4)."""

from dataclasses import replace

import pytest

from pcloud.model import actions, events
from pcloud.model.plan import Check, HttpCheck
from pcloud.model.words import InstanceStatus, Rung
from tests.policy.plans import PAIR, assembly, deployable, one, resource
from tests.policy.world import World, silent


def test_a_peer_that_no_longer_reaches_what_it_reached_is_the_second_sight() -> None:
    world = World(PAIR)
    mark = silent(world, seconds=61)
    line = "app/db  suspect → failed: silent for 1m (no answer), and web no longer reaches port 22; failure 1 of 2 in 1h: rebooting"
    assert line in world.lines(mark)
    assert world.word() == "healthy"


def test_the_machines_own_port_and_those_of_its_tcp_checks_are_asked_for() -> None:
    world = World(PAIR)
    mark = silent(world)
    [question] = [each for each in world.log[mark:] if isinstance(each, actions.AskPeers)]
    assert (question.peers, question.ports) == (("web",), (22, 3306))


def test_the_port_of_a_page_at_the_machines_own_address_is_asked_for_too() -> None:
    urls = ("http://${db.address}:8000/status", "http://${db.address}/", "https://${web.address}/", "http://127.0.0.1:9000/", "http://[:x/")
    pages = [replace(resource(f"page-{number}"), checks=(Check("http", HttpCheck(url)),)) for number, url in enumerate(urls)]
    world = World(deployable(assembly("db", *pages), assembly("web", resource("httpd"))))
    mark = silent(world)
    [question] = [each for each in world.log[mark:] if isinstance(each, actions.AskPeers)]
    assert question.ports == (22, 8000, 80)


def test_a_peer_that_never_reached_the_port_says_nothing() -> None:
    world = World(PAIR)
    world.state = replace(world.state, assemblies={name: replace(each, reached=()) for name, each in world.state.assemblies.items()})
    silent(world, seconds=300)
    assert world.word("db") == "held"
    world.trace.clear()  # a state that was altered by hand follows from no facts


def test_what_a_peer_reached_more_than_an_hour_ago_says_nothing() -> None:
    world = World(PAIR)
    world.mute = True
    world.advance(4000)
    world.mute = False
    silent(world, seconds=300)
    assert world.word("db") == "held"


def test_what_peers_reach_is_learned_anew_every_twenty_minutes() -> None:
    world = World(PAIR)
    world.interval = 600.0
    world.advance(10 * 3600)
    mark = silent(world, seconds=61)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_what_an_old_machine_reached_says_nothing_about_its_successor() -> None:
    world = World(PAIR)
    world.outcomes[actions.StartResources] = lambda action: None
    world.order(Rung.RELAUNCH, "web")
    assert {each.peer for each in world.state.assemblies["db"].reached} == set()


def test_a_refusal_means_that_the_machine_is_alive() -> None:
    world = World(PAIR)
    world.host("db").unreachable = True
    world.host("db").running.clear()  # sshd refuses, mysqld refuses
    mark = world.mark()
    world.look()
    world.advance(600)
    assert world.word("db") == "held"
    assert world.alerts(mark) == ["no second sight"]
    assert world.did(mark) == []


def test_a_refusal_of_a_peer_that_cannot_testify_any_more_is_forgotten() -> None:
    plan = deployable(*PAIR.assemblies, assembly("app", resource("php")))
    world = World(plan)
    world.host("db").unreachable = True
    world.host("db").running.clear()
    world.look()
    world.freeze("app")
    world.host("db").frozen = True
    world.advance(200)
    assert world.word("db") == "healthy"
    assert "RebootAssembly db" in world.did()


@pytest.mark.parametrize(("status", "action"), [(InstanceStatus.ERROR, "FenceInstance db"), (InstanceStatus.SHUTOFF, "RebootAssembly db")])
def test_the_clouds_condemning_word_is_a_second_sight_and_skips_rungs(status: InstanceStatus, action: str) -> None:
    world = World(one())
    mark = world.mark()
    world.host("db").status = status
    world.look()
    world.advance(61)
    assert world.did(mark)[0] == action
    assert f"silent for 1m (no answer), and the cloud says {status}" in "\n".join(world.lines(mark))
    assert world.word() == "healthy"


def test_an_instance_that_the_cloud_no_longer_knows_is_relaunched() -> None:
    world = World(PAIR)
    mark = world.mark()
    world.vanish("db")
    world.advance(61)
    assert world.did(mark)[:2] == ["FenceInstance db", "LaunchInstance db"]
    assert world.word() == "healthy"


def test_the_clouds_word_must_be_read_twice_ten_seconds_apart() -> None:
    world = World(one())
    mark = silent(world, seconds=57)
    world.host("db").status = InstanceStatus.ERROR
    world.advance(9)  # first read at 60 s
    assert world.did(mark) == []
    world.advance(4.1)
    assert world.did(mark)[0] == "FenceInstance db"


def test_another_word_in_between_begins_the_two_readings_anew() -> None:
    world = World(one())
    world.freeze("db")
    for second in range(0, 90, 5):
        world.host("db").status = InstanceStatus.ERROR if second % 10 else InstanceStatus.ACTIVE
        world.advance(5)
    assert "FenceInstance db" not in world.did()


def test_shutoff_means_nothing_while_the_guest_answers() -> None:
    world = World(PAIR)
    before = world.state
    instance = world.host("db").instance
    world.feed(events.CloudAnswered(at=0, assembly="db", instance_id=instance.id, status=InstanceStatus.SHUTOFF))
    assert world.state is before


def test_active_is_no_veto() -> None:
    world = World(PAIR)
    mark = silent(world, seconds=61)
    assert world.host("db").status is InstanceStatus.ACTIVE
    assert world.did(mark)[0] == "RebootAssembly db"


@pytest.mark.parametrize("status", [InstanceStatus.PAUSED, InstanceStatus.RESIZE, InstanceStatus.RESCUE, InstanceStatus.MIGRATING])
def test_states_that_are_not_of_our_making_hold(status: InstanceStatus) -> None:
    world = World(PAIR)
    mark = world.mark()
    world.host("db").status = status
    world.look()
    world.advance(600)
    assert world.did(mark) == []
    assert world.alerts(mark) == [f"{status}"]


def test_nothing_is_rebooted_on_one_blind_eye() -> None:
    world = World(PAIR)
    world.api_down = True
    mark = silent(world, seconds=600)
    assert world.did(mark) == []
    assert world.alerts(mark) == ["the cloud's API does not answer: timeout"]
    world.api_down = False
    world.advance(11)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_where_no_peer_can_testify_an_anchor_does_after_three_times_the_silence() -> None:
    world = World(one())
    world.anchors = True
    mark = silent(world, seconds=179)
    assert world.did(mark) == []
    assert world.word("db") == "held"
    world.advance(6)
    assert world.did(mark)[0] == "RebootAssembly db"
    assert any("no peer can testify, while gateway:22 answers" in each for each in world.lines(mark))


def test_an_anchor_that_answers_again_tells_nothing_of_what_was_missed_before() -> None:
    world = World(one())
    mark = silent(world, seconds=300)
    world.anchors, world.busy = True, True  # the way is open again, and another machine was quicker to be tried
    world.advance(60)
    assert (world.did(mark), world.word("db")) == ([], "held")
    world.busy = False
    world.advance(11)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_without_an_answer_of_an_anchor_it_stays_held() -> None:
    world = World(one())
    mark = silent(world, seconds=3600)
    assert world.did(mark) == []
    assert world.word("db") == "held"


def test_an_anchor_condemns_nothing_that_a_peer_can_speak_for() -> None:
    world = World(PAIR)
    world.anchors = True
    world.host("db").unreachable = True
    world.host("db").open_to_peers = True
    mark = world.mark()
    world.look()
    world.advance(600)
    assert world.did(mark) == []
    assert world.state.assemblies["db"].held == "unreachable"


def test_a_machine_that_went_down_in_good_order_and_is_off_was_stopped_from_outside() -> None:
    world = World(one())
    world.say(events.GuestStopping, "db")
    world.host("db").status = InstanceStatus.SHUTOFF
    mark = silent(world, seconds=400)
    assert world.did(mark) == []
    assert world.state.assemblies["db"].held == "external stop"
    assert world.alerts() == ["external stop: it went down in good order, and is off"]


def test_what_the_cloud_says_of_a_stop_is_held_until_it_says_that_it_runs_again() -> None:
    world = World(one())
    world.host("db").status, world.host("db").stopped_by = InstanceStatus.SHUTOFF, "ada"
    mark = silent(world, seconds=400)
    assert (world.did(mark), world.state.assemblies["db"].held) == ([], "external stop")
    assert world.alerts() == ["external stop: stopped by ada"]
    world.host("db").status, world.host("db").stopped_by = InstanceStatus.ACTIVE, ""
    world.anchors = True
    world.advance(400)  # whoever has started it wants it to run, and it does not answer
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_reboot_in_good_order_has_its_time_to_come_back_and_is_no_failure() -> None:
    world = World(one())
    world.anchors = True
    world.say(events.GuestStopping, "db")
    mark = silent(world, seconds=290)
    assert world.did(mark) == []
    assert world.alerts() == []
    world.host("db").frozen = False
    world.host("db").reboot()
    world.look()
    world.advance(5)
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].reboots == ()
    assert world.did(mark) == ["StartResources db"]


def test_one_that_does_not_come_back_from_it_is_judged_like_any_other() -> None:
    world = World(one())
    world.anchors = True
    world.say(events.GuestStopping, "db")
    mark = silent(world, seconds=310)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_recorded_stop_by_a_user_is_held_and_one_without_a_user_is_a_crash() -> None:
    for user, expected in (("ada", []), ("", ["RebootAssembly db"])):
        world = World(one())
        machine = world.host("db")
        machine.status = InstanceStatus.SHUTOFF
        mark = silent(world)
        world.feed(events.StopRecorded(at=0, assembly="db", instance_id=machine.instance.id, user=user, request="req-7"))
        world.advance(100)
        assert [each for each in world.did(mark) if each.startswith("Reboot")] == expected
        if user:
            assert world.state.assemblies["db"].held == "external stop"
            assert "external stop: stopped by ada (req-7)" in world.alerts()

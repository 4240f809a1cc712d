"""When an assembly is silent: how long, who may veto, and what ends it (policy.md section 4)."""

from dataclasses import replace

from pcloud.model import actions, events
from pcloud.model.words import Reach
from tests.policy.plans import PAIR, WORDPRESS, one
from tests.policy.world import World, silent


def test_silence_must_last_before_anything_is_done() -> None:
    world = World(PAIR)
    mark = silent(world, seconds=59.9)
    assert world.word("db") == "suspect"
    assert world.did(mark) == []
    world.advance(0.2)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_without_a_second_sight_it_is_held_with_an_alert_and_nothing_is_done() -> None:
    world = World(one())
    mark = silent(world, seconds=1200)
    assert world.word() == "held"
    assert world.did(mark) == []
    assert world.alerts(mark) == ["no second sight"]
    assert world.state.assemblies["db"].reason == "no second sight"


def test_sshd_died_but_mysql_serves_and_nobody_reboots_mysql() -> None:
    world = World(PAIR)
    world.host("db").unreachable = True
    mark = world.mark()
    world.look()
    world.advance(900)
    assert world.word("db") == "held"
    assert world.did(mark) == []
    [alert] = world.alerts(mark)
    assert alert.startswith("unreachable: web reaches port 3306")


def test_when_that_service_dies_too_the_silence_counts_from_its_last_answer() -> None:
    world = World(PAIR)
    world.host("db").unreachable = True
    mark = world.mark()
    world.look()
    world.advance(600)
    world.host("db").frozen = True
    world.advance(50)
    assert world.did(mark) == []
    world.advance(20)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_check_from_the_controller_that_passes_vetoes() -> None:
    world = World(PAIR)
    world.host("web").unreachable = True
    mark = world.mark()
    world.look()
    for _ in range(60):
        world.advance(5)
        world.say(events.ProbePassed, "web", resource="apache", probe="http")
        world.look()
    assert world.word("web") == "held"
    assert world.did(mark) == []
    assert world.alerts(mark) == ["unreachable: check http of apache from the controller"]


def test_an_ssh_server_that_speaks_and_lets_no_login_through_is_an_answer() -> None:
    world = World(PAIR)
    mark = silent(world)
    for _ in range(30):
        world.say(events.ServerAnswered, "db")
        world.advance(20)
    assert world.did(mark) == []
    assert world.state.assemblies["db"].held == "unreachable"
    assert world.alerts(mark) == ["unreachable: its SSH server sends a banner, and no login comes to an end"]
    world.advance(61)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_silence_that_nobody_has_tried_again_is_not_judged() -> None:
    world = World(PAIR)
    world.busy = True
    mark = silent(world, seconds=115)
    assert (world.did(mark), world.word("db")) == ([], "suspect")
    world.advance(10)
    assert world.alerts(mark) == ["not tried again: no attempt of this controller has ended since"]
    world.advance(600)
    assert world.did(mark) == []
    world.busy = False
    world.advance(11)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_check_from_inside_is_no_sight_of_its_own() -> None:
    world = World(PAIR)
    mark = silent(world)
    world.say(events.ProbePassed, "db", resource="mysqld", probe="tcp:3306")
    world.advance(61)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_contact_again_before_it_is_condemned_ends_it() -> None:
    world = World(PAIR)
    mark = silent(world, seconds=30)
    world.host("db").frozen = False
    world.look()
    assert world.word() == "healthy"
    assert "app/db  contact: contact again after 30s" in world.lines(mark)
    world.advance(600)
    assert world.did(mark) == []
    assert world.state.assemblies["db"].reason == ""


def test_contact_again_while_the_reboot_still_waits_ends_it_too() -> None:
    world = World(PAIR)
    silent(world, seconds=61)
    mark = silent(world, seconds=61)  # the second failure within an hour would be 30 s later, a relaunch
    assert world.did(mark)[0] == "FenceInstance db"
    settings = replace(PAIR.assemblies[0].recovery, reboot=replace(PAIR.assemblies[0].recovery.reboot, failures=3))
    world = World(replace(PAIR, assemblies=(replace(PAIR.assemblies[0], recovery=settings), PAIR.assemblies[1])))
    silent(world, seconds=61)
    mark = silent(world, seconds=61)
    assert world.word("db") == "failed"
    world.host("db").frozen = False
    world.look()
    world.advance(60)
    assert world.did(mark) == []
    assert world.word() == "healthy"


def test_contact_again_after_the_reboot_began_does_not_stop_it() -> None:
    world = World(PAIR)
    world.outcomes[actions.RebootAssembly] = lambda action: None
    silent(world, seconds=61)
    world.host("db").frozen = False
    world.look()
    assert world.word("db") == "rebooting"


def test_a_machine_that_refuses_our_key_is_unknown_and_never_dead() -> None:
    world = World(PAIR)
    mark = world.mark()
    world.host("db").locked = True
    world.advance(299)
    assert world.word("db") == "unknown"
    assert world.alerts(mark) == []
    world.advance(1000)
    assert world.alerts(mark) == ["unknown for 5m: the key is refused"]
    assert world.did(mark) == []
    world.host("db").locked = False
    world.look()
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].reason == ""


def test_silence_on_the_way_up_is_judged_and_its_stage_does_not_run_out_meanwhile() -> None:
    world = World(PAIR, start=False)
    world.outcomes[actions.StartResources] = lambda action: None
    world.start()
    world.api_down = True
    [start] = [each for each in world.open_actions() if each.assembly == "db"]
    world.freeze("db")
    world.feed(events.ActionDone(at=0, action=start.id))
    mark = world.mark()
    world.advance(1200)
    assert world.word("db") == "held"
    assert [each for each in world.did(mark) if each.endswith("db")] == []


def test_a_restart_waits_for_contact() -> None:
    world = World(PAIR)
    mark = silent(world)
    world.say(events.ProbeFailed, "db", resource="mysqld", reason="said before it went")
    world.advance(30)
    assert world.did(mark) == []


def test_silent_dependents_of_a_held_dependency_are_judged_by_themselves() -> None:
    world = World(WORDPRESS)
    world.host("mysql").unreachable = True
    world.look()
    world.advance(70)
    assert world.word("mysql") == "held"
    mark = silent(world, "web", 75)
    assert world.word("web") == "held"  # its only peer is out of sight
    assert world.did(mark) == []


def test_a_peer_says_what_it_found_to_no_one_while_all_is_well() -> None:
    world = World(PAIR)
    mark = world.mark()
    world.peer("db", "web", 3306, Reach.SILENT, generation=1)
    world.advance(1)
    assert world.lines(mark) == []


def test_a_machine_that_goes_silent_while_it_waits_for_its_dependency_is_not_configured() -> None:
    world = World(WORDPRESS)
    world.host("mysql").unreachable = True
    world.look()
    world.host("web").reboot()
    world.look()
    assert world.state.assemblies["web"].reason == "waiting for mysql"
    mark = silent(world, "web", 300)
    assert world.word("mysql") == world.word("web") == "held"
    assert world.did(mark) == []


def test_a_machine_that_refused_our_key_and_then_is_silent_is_judged_by_its_silence() -> None:
    world = World(one())
    world.anchors = True
    world.host("db").locked = True
    world.look()
    world.advance(30)
    mark = silent(world, seconds=190)
    assert world.did(mark)[0] == "RebootAssembly db"

"""The reboot (policy.md section 3, rule 3)."""

import pytest

from pcloud.model import actions, events
from pcloud.model.words import Rung
from tests.policy.arrangements import fails, hangs, launched_in_silence, under_way
from tests.policy.plans import WORDPRESS, one, recovery, rung
from tests.policy.world import World


def reboots(world: World, since: int = 0) -> list[str]:
    return ["hard" if each.hard else "soft" for each in world.log[since:] if isinstance(each, actions.RebootAssembly)]


def accepted(world: World) -> World:
    """The cloud accepts reboots from now on, and nothing comes of them."""
    world.outcomes[actions.RebootAssembly] = lambda action: events.ActionDone(at=0, action=action.id)
    return world


def test_a_guest_that_answers_is_rebooted_softly_and_hard_after_120_seconds() -> None:
    world = accepted(World(one()))
    mark = world.mark()
    world.order(Rung.REBOOT, "db")
    assert reboots(world, mark) == ["soft"]
    world.advance(119)
    assert reboots(world, mark) == ["soft"]
    world.advance(1.1)
    assert reboots(world, mark) == ["soft", "hard"]
    assert world.word("db") == "booting"


def test_a_silent_guest_is_rebooted_hard() -> None:
    world = World(WORDPRESS)
    mark = world.mark()
    world.freeze("web")
    world.advance(61)
    assert reboots(world, mark) == ["hard"]


def test_a_new_boot_id_verifies_that_it_was_rebooted() -> None:
    world = accepted(World(one()))
    world.order(Rung.REBOOT, "db")
    world.host("db").reboot()
    mark = world.mark()
    world.look()
    assert world.did(mark) == ["StartResources db"]
    assert world.word() == "healthy"


def test_a_machine_that_answers_with_the_old_boot_id_has_not_gone_down_yet() -> None:
    world = accepted(World(one()))
    world.order(Rung.REBOOT, "db")
    world.say(events.ContactMade, "db", boot_id=world.host("db").boot_id)
    world.look()
    assert world.word("db") == "rebooting"
    world.advance(121)
    world.say(events.ContactMade, "db", boot_id=world.host("db").boot_id)
    world.look()
    assert world.word("db") == "booting"


def test_a_new_boot_id_may_come_before_the_answer_to_the_order() -> None:
    world = World(one())
    hangs(world, actions.RebootAssembly)
    world.order(Rung.REBOOT, "db")
    world.host("db").reboot()
    mark = world.mark()
    world.look()
    assert world.did(mark) == []  # one action at a time
    assert world.word("db") == "rebooting"
    world.feed(events.ActionDone(at=0, action=under_way(world).id))
    assert world.did(mark) == ["StartResources db"]
    assert world.word() == "healthy"


def test_an_order_that_fails_although_the_machine_did_reboot_has_done_what_it_should() -> None:
    world = World(one())
    hangs(world, actions.RebootAssembly)
    world.order(Rung.REBOOT, "db")
    world.host("db").reboot()
    world.look()
    world.feed(events.ActionFailed(at=0, action=under_way(world).id, reason="timeout"))
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].reboots == ()


def test_a_reboot_that_the_cloud_refuses_for_now_is_one_more_failure() -> None:
    world = World(one(recovery(restart=rung(1, 60.0), reboot=rung(3, 3600.0, delay=30.0))))
    fails(world, actions.RebootAssembly, "409")
    mark = world.mark()
    world.ail("db/mysqld", cure=Rung.REBOOT)
    assert "app/db  rebooting → failed: 409; failure 2 of 3 in 1h: rebooting in 30s" in world.lines(mark)
    assert world.word("db") == "failed"


def test_a_machine_that_does_not_come_back_is_one_more_failure() -> None:
    world = accepted(World(one(recovery(restart=rung(1, 60.0), reboot=rung(2, 3600.0, verify=300.0)))))
    mark = world.mark()
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.host("db").frozen = True
    world.look()
    world.advance(120)
    assert reboots(world, mark) == ["soft", "hard"]
    world.advance(300)
    assert "no answer 5m after its reboot; reboot failure 2 of 2 in 1h; failure 1 of 2 in 6h: relaunching" in "\n".join(world.lines(mark))


def test_a_boot_id_that_changed_unasked_is_one_failure_and_its_services_are_started() -> None:
    world = World(one())
    mark = world.mark()
    world.host("db").reboot()
    world.look()
    assert world.did(mark) == ["StartResources db"]
    assert len(world.state.assemblies["db"].reboots) == 1
    line = "app/db  healthy → starting: it rebooted by itself; failure 1 of 2 in 1h: starting what runs on it"
    assert line in world.lines(mark)
    assert world.word() == "healthy"


def test_a_machine_that_keeps_rebooting_by_itself_is_relaunched() -> None:
    world = World(one())
    mark = world.mark()
    for _ in range(2):
        world.host("db").reboot()
        world.look()
    assert world.did(mark)[:3] == ["StartResources db", "FenceInstance db", "LaunchInstance db"]
    assert world.word() == "healthy"


@pytest.mark.parametrize("allow", [Rung.RESTART, Rung.REBOOT])
def test_a_machine_that_keeps_rebooting_and_may_not_be_relaunched_is_exhausted_until_it_stays_up(allow: Rung) -> None:
    world = World(one(recovery(allow=allow)))
    for _ in range(2):
        world.host("db").reboot()
        world.look()
    assert any("exhausted" in each for each in world.alerts())
    assert "LaunchInstance db" not in world.did()[2:]
    world.advance(600)
    assert world.word() == "healthy"


def test_a_reboot_during_provisioning_is_the_scripts_own_affair() -> None:
    world = launched_in_silence()
    for boot in ("one", "two"):
        world.say(events.ContactMade, "db", boot_id=boot)
    world.feed(events.Ticked(at=0))
    assert world.word("db") == "provisioning"
    world.say(events.ProvisionFinished, "db", status=0, tail="")
    world.feed(events.Ticked(at=0))
    assert world.word("db") == "starting"


def test_an_exhausted_machine_that_answers_after_all_is_taken_up_as_it_is() -> None:
    world = World(one(recovery(allow=Rung.REBOOT, restart=rung(1, 60.0))))
    fails(world, actions.RebootAssembly, "503")
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.freeze("db")
    world.advance(60)
    assert world.word() == "exhausted"
    world.host("db").frozen = False
    world.host("db").ill.clear()
    world.look()
    assert world.word() == "healthy"


def test_an_exhausted_machine_that_answers_and_fails_again_stays_exhausted() -> None:
    world = World(one(recovery(allow=Rung.REBOOT, restart=rung(1, 60.0))))
    fails(world, actions.RebootAssembly, "503")
    world.ail("db/mysqld", cure=None)
    world.freeze("db")
    world.advance(60)
    assert world.word() == "exhausted"
    fails(world, actions.StartResources, "exit status 1")
    world.host("db").frozen = False
    mark = world.mark()
    world.look()
    world.advance(1200)
    assert set(world.did(mark)) == {"StartResources db", "RestartResource db"}
    assert world.did(mark).count("StartResources db") == 1
    assert world.word() == "exhausted"

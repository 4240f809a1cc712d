"""The relaunch and its fence: never two generations (policy.md section 6)."""

import pytest

from dpe.policy.operator import refusal
from pcloud.model import actions, events
from pcloud.model.words import InstanceStatus, Rung, Stage
from tests.policy.arrangements import fails, hangs, launched_in_silence, under_way
from tests.policy.plans import assembly, deployable, one, recovery, resource
from tests.policy.world import World

PAIR = deployable(assembly("db", resource("mysqld"), volumes=True), assembly("web", resource("apache")))


def test_the_old_instance_is_fenced_before_the_next_generation_is_launched() -> None:
    world = World(PAIR)
    hangs(world, actions.FenceInstance)
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    world.advance(100)
    assert world.did(mark) == ["FenceInstance db"]
    assert world.word("db") == "fencing"
    world.feed(events.ActionDone(at=0, action=under_way(world).id))
    assert world.did(mark)[:3] == ["FenceInstance db", "LaunchInstance db", "StartResources db"]


def test_the_generation_counts_up_and_never_back() -> None:
    world = World(PAIR)
    for generation in (2, 3):
        world.order(Rung.RELAUNCH, "db")
        assert world.state.assemblies["db"].generation == generation
        assert world.host("db").instance.generation == generation
    world.stop()
    assert world.word() == "stopped"
    world.start()
    assert world.host("db").instance.generation == 4


@pytest.mark.parametrize(("last_seen", "blocked"), [(0.0, False), (59.0, False), (61.0, True), (1e9, True)])
def test_gone_without_our_doing_counts_as_fenced_if_it_was_seen_within_a_minute_before(last_seen: float, blocked: bool) -> None:
    world = World(PAIR)
    world.advance(1000)
    mark = world.mark()
    del world.machines["db-1"]
    world.sessions.pop("db")
    world.feed(events.ContactLost(at=0, assembly="db", generation=1, reason="reset", last_seen=world.now - last_seen))
    world.advance(61)
    assert ("LaunchInstance db" in world.did(mark)) is not blocked
    assert world.word("db") == ("blocked" if blocked else "healthy")
    if blocked:
        assert world.alerts(mark) == ["fence: db-1 is gone without our doing, and it was not seen within 60 s before; it may still write"]


def test_without_volumes_there_is_nothing_to_write_to_twice() -> None:
    world = World(deployable(assembly("db", resource("mysqld")), assembly("web", resource("apache"))))
    world.advance(1000)
    del world.machines["db-1"]
    world.sessions.pop("db")
    world.feed(events.ContactLost(at=0, assembly="db", generation=1, reason="reset", last_seen=0.0))
    world.advance(61)
    assert world.word("db") == "healthy"


def test_a_blocked_fence_stays_blocked_and_launches_nothing() -> None:
    world = World(PAIR)
    world.advance(1000)
    del world.machines["db-1"]
    world.sessions.pop("db")
    world.feed(events.ContactLost(at=0, assembly="db", generation=1, reason="reset", last_seen=0.0))
    world.advance(61)
    mark = world.mark()
    world.resume()
    world.advance(1200)
    world.start()  # the fence is tried again, and finds what it found
    assert world.word("db") == "blocked"
    assert "LaunchInstance db" not in world.did(mark)


def test_a_fence_that_fails_is_a_failure_at_its_rung_and_nothing_is_launched() -> None:
    world = World(PAIR)
    fails(world, actions.FenceInstance, "503")
    mark = world.mark()
    world.host("db").status = InstanceStatus.ERROR
    world.look()
    world.advance(600)
    assert "LaunchInstance db" not in world.did(mark)
    assert world.did(mark) == ["FenceInstance db"]  # its failure is the second of two
    assert world.word("db") == "exhausted"
    assert world.state.assemblies["db"].instance is not None


def test_a_machine_that_could_not_be_fenced_and_answers_is_taken_up_again() -> None:
    world = World(PAIR)
    fails(world, actions.FenceInstance, "503")
    world.order(Rung.RELAUNCH, "db")
    mark = world.mark()
    world.advance(120)
    assert world.word() == "healthy"
    assert "LaunchInstance db" not in world.did(mark)
    assert world.host("db").instance.generation == 1


def test_late_answers_of_old_actions_are_ignored() -> None:
    world = World(PAIR)
    hangs(world, actions.LaunchInstance)
    world.order(Rung.RELAUNCH, "db")
    [launch] = world.open_actions()
    old = next(each for each in world.log if isinstance(each, actions.LaunchInstance) and each.assembly == "db")
    before = world.state
    world.feed(events.InstanceLaunched(at=0, action=old.id, instance=world.launch(old)))
    world.feed(events.ActionFailed(at=0, action=old.id, reason="late"))
    assert world.state is before
    assert world.open_actions() == [launch]


def test_a_hard_error_of_a_launch_blocks_and_a_start_tries_again() -> None:
    world = World(one(), start=False)
    world.outcomes[actions.LaunchInstance] = lambda action: events.ActionRefused(at=0, action=action.id, reason="no image debian")
    world.start()
    world.advance(2400)
    assert world.word() == "blocked"
    assert world.did() == ["LaunchInstance db"]
    assert world.alerts() == ["no image debian: blocked"]
    world.outcomes.clear()
    world.start()
    assert world.word() == "healthy"


def test_a_relaunch_that_is_refused_twice_is_blocked() -> None:
    world = World(PAIR)
    world.outcomes[actions.LaunchInstance] = lambda action: events.ActionRefused(at=0, action=action.id, reason="quota")
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    world.advance(2400)
    assert world.word("db") == "blocked"
    assert world.did(mark).count("LaunchInstance db") == 2
    assert world.state.assemblies["db"].stage is Stage.ABSENT


def test_launches_that_fail_are_exhausted_in_the_end_and_a_start_begins_anew() -> None:
    world = World(one(), start=False)
    fails(world, actions.LaunchInstance, "503")
    world.start()
    world.advance(2400)
    assert world.word() == "exhausted"
    assert world.did() == ["LaunchInstance db"] * 2
    world.outcomes.clear()
    world.start()
    assert world.word() == "healthy"


def test_a_machine_that_does_not_answer_after_its_launch_is_replaced() -> None:
    world = launched_in_silence()
    world.advance(600)
    assert world.word("db") == "fencing"
    assert "no answer 10m after its launch; failure 1 of 2 in 6h: relaunching" in "\n".join(world.lines())


def test_the_operators_relaunch_passes_the_ceiling_but_never_the_fence() -> None:
    world = World(one(recovery(allow=Rung.RESTART)))
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    assert world.did(mark)[:2] == ["FenceInstance db", "LaunchInstance db"]
    assert world.word() == "healthy"


@pytest.mark.parametrize(
    ("rung", "target", "why"),
    [
        (Rung.RELAUNCH_DEPLOYABLE, "db", "relaunch_deployable is not something that can be asked for"),
        (Rung.RESTART, "db/nobody", "db has no resource nobody"),
        (Rung.REBOOT, "nobody", "app has no assembly nobody"),
    ],
)
def test_what_cannot_be_done_by_hand_is_refused_with_a_reason(rung: Rung, target: str, why: str) -> None:
    world = World(PAIR)
    mark = world.mark()
    world.order(rung, target)
    assert world.did(mark) == []
    assert [each.reason for each in world.reports(mark) if each.kind == "refused"] == [why]


def test_a_second_action_by_hand_is_refused_while_one_is_under_way() -> None:
    world = World(PAIR)
    hangs(world, actions.RebootAssembly)
    world.order(Rung.REBOOT, "db")
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    assert world.did(mark) == []
    assert [each.reason for each in world.reports(mark)] == ["an action on db is under way"]


def test_gone_with_a_doubt_of_the_clouds_own_is_never_fenced_until_somebody_says_that_it_is_dead() -> None:
    world = World(PAIR)
    doubt = "its host has not reported its end"
    world.feed(events.ContactLost(at=0, assembly="web", generation=1, reason="reset", last_seen=0.0))
    world.outcomes[actions.FenceInstance] = lambda action: events.InstanceMissing(at=0, action=action.id, doubt=doubt)
    world.order(Rung.RELAUNCH, "web")  # which has no volume, and was seen a moment ago
    assert world.state.assemblies["web"].blocked == f"fence: web-1 is gone without our doing, and {doubt}; it may still write"
    mark = world.mark()
    world.feed(events.DeathConfirmed(at=0, assembly="web", owner="ann"))
    assert world.did(mark)[0] == "LaunchInstance web"


def forgotten(*, answers: bool) -> World:
    """The cloud knows nothing of the database any more, which has a volume, and the operator has asked for another one."""
    world = World(PAIR)
    world.advance(1000)
    if not answers:
        world.feed(events.ContactLost(at=0, assembly="db", generation=1, reason="reset", last_seen=0.0))
    world.outcomes[actions.FenceInstance] = lambda action: events.InstanceMissing(at=0, action=action.id)
    world.order(Rung.RELAUNCH, "db")
    assert world.word("db") == "blocked"
    return world


def test_somebodys_word_that_it_is_dead_is_in_the_decision_with_how_that_is_known() -> None:
    world = forgotten(answers=False)
    world.feed(events.DeathConfirmed(at=0, assembly="db", owner="ann", reason="its host burnt down"))
    assert world.state.assemblies["db"].generation == 2
    assert "ann confirmed that the old instance is dead (its host burnt down): relaunching" in "\n".join(world.lines())


def test_what_answers_is_not_dead_whoever_says_so() -> None:
    world = forgotten(answers=True)
    word = events.DeathConfirmed(at=0, assembly="db", owner="ann")
    assert "it still answers us" in world.alerts()[-1]
    assert "db still answers us: it is not dead" in refusal(world.state, word)
    mark = world.mark()
    world.feed(word)
    assert (world.word("db"), world.did(mark)) == ("blocked", [])
    world.feed(events.ContactLost(at=0, assembly="db", generation=1, reason="reset", last_seen=world.now))
    assert refusal(world.state, word) == ""
    world.feed(word)
    assert world.did(mark)[0] == "LaunchInstance db"


def test_nobody_can_call_dead_what_does_not_wait_for_it() -> None:
    world = World(PAIR)
    word = events.DeathConfirmed(at=0, assembly="db", owner="ann")
    assert refusal(world.state, word) == "db does not wait for anybody to confirm that its instance is dead"
    world.feed(word)
    assert world.state.assemblies["db"].generation == 1

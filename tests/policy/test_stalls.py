"""A controller that stood still judges nothing by time in which nobody looked; one that doubts its own way out judges nothing by it."""

from __future__ import annotations

from pcloud.model import actions, events
from pcloud.model.words import Health
from tests.policy.plans import assembly, deployable, one, resource
from tests.policy.world import World, silent

SITE = deployable(assembly("web", resource("apache", url="http://${web.address}/")))


def stall(world: World, seconds: float) -> None:
    """Nobody looks for so long; then the policy is told."""
    world.now += seconds
    world.feed(events.ControllerStalled(at=0, seconds=seconds))


def test_a_silence_begins_anew_after_a_stall() -> None:
    world = World(one())
    world.anchors = True
    mark = silent(world, seconds=50)
    stall(world, 200)
    world.advance(170)
    assert world.did(mark) == []
    world.advance(20)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_verification_begins_anew_after_a_stall() -> None:
    world = World(one())
    world.outcomes[actions.RestartResource] = lambda action: None
    world.ail("db/mysqld", cure=None)
    [restart] = world.open_actions()
    world.feed(events.ActionDone(at=0, action=restart.id))
    world.advance(50)
    mark = world.mark()
    stall(world, 30)
    world.advance(59)
    assert not any("after its restart" in each for each in world.lines(mark))
    world.advance(2)
    assert any("not healthy 1m after its restart" in each for each in world.lines(mark))


def test_three_stalls_in_ten_minutes_are_an_alert() -> None:
    world = World(one())
    for _ in range(2):
        stall(world, 15)
        world.advance(100)
    assert world.alerts() == []
    stall(world, 15)
    assert len(world.alerts()) == 1
    assert "3 times in 10m" in world.alerts()[0]


def test_checks_from_the_controller_that_fail_while_it_doubts_its_own_way_out_are_unknown() -> None:
    world = World(SITE)
    mark = world.mark()
    world.feed(events.OutsideDoubted(at=0, doubted=True, numbers="4 of 10 fail"))
    for _ in range(5):
        world.say(events.ProbeMissed, "web", resource="apache", probe="http", reason="timed out")
        world.advance(5)
    assert world.did(mark) == []
    assert world.state.assemblies["web"].resources["apache"].failures == ()


def test_misses_that_were_counted_before_the_doubt_are_forgotten() -> None:
    world = World(SITE)
    for _ in range(3):
        world.say(events.ProbeMissed, "web", resource="apache", probe="http", reason="timed out")
    world.held = None
    world.feed(events.OutsideDoubted(at=0, doubted=True, numbers="4 of 10 fail"))
    assert world.state.assemblies["web"].resources["apache"].health is not Health.FAILED
    world.feed(events.OutsideDoubted(at=0, doubted=False))
    assert world.word() == "healthy"


def test_hard_evidence_from_inside_counts_in_spite_of_the_doubt() -> None:
    world = World(SITE)
    world.feed(events.OutsideDoubted(at=0, doubted=True, numbers="4 of 10 fail"))
    mark = world.mark()
    world.ail("web/apache")
    assert world.did(mark) == ["RestartResource web"]

"""What a machine said last goes into the journal before the machine is replaced (policy.md section 6)."""

from __future__ import annotations

from dpe.policy import keeping
from pcloud.model import actions, events
from pcloud.model.evidence import Evidence, LastProbe
from pcloud.model.words import InstanceStatus, Rung, Verdict
from tests.policy.arrangements import hangs, under_way
from tests.policy.plans import PAIR
from tests.policy.world import World, silent


def relaunched(console: str = "") -> tuple[World, list[str]]:
    """A world in which the database is relaunched, with a fence that brings this along; and its journal since."""
    world = World(PAIR)
    world.advance(30)

    def fence(action: actions.Action) -> events.Event:
        world.host(action.assembly).status = InstanceStatus.SHUTOFF
        return events.InstanceFenced(at=0, action=action.id, console=console)

    world.outcomes[actions.FenceInstance] = fence
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].generation == 2
    return world, world.lines(mark)


def kept(world: World) -> Evidence:
    [found] = [each for each in world.log if isinstance(each, actions.Report) and each.kind == keeping.KIND]
    assert found.evidence is not None
    assert found.decision
    return found.evidence


def test_the_end_of_the_console_and_the_last_probes_are_in_the_journal_before_the_launch() -> None:
    world, lines = relaunched("booting\nKernel panic - not syncing\n\n")
    found = kept(world)
    assert (found.instance_id, found.generation, found.infrastructure) == ("db-1", 1, "lab")
    assert found.console == "booting\nKernel panic - not syncing"
    assert found.why == "asked for by the operator"
    assert {(each.resource, each.verdict) for each in found.probes} == {("mysqld", Verdict.PASSED)}
    assert all(each.lasting == 30.0 for each in found.probes)
    [line] = [each for each in lines if keeping.KIND in each]
    assert "what db-1 of generation 1 said last is kept; its console ended with: Kernel panic - not syncing; 0 of " in line
    launching = next(each for each in lines if "launching" in each)
    assert lines.index(line) < lines.index(launching)


def test_a_console_is_kept_up_to_a_bound() -> None:
    found = kept(relaunched("x" * 100_000 + "\nthe end")[0])
    assert len(found.console) == keeping.CONSOLE
    assert found.console.endswith("\nthe end")


def test_of_a_machine_that_is_gone_the_last_probes_are_kept() -> None:
    world = World(PAIR)
    world.vanish("web")
    world.advance(120)
    assert world.word("web") == "healthy"
    found = kept(world)
    assert (found.instance_id, found.gone, found.console) == ("web-1", True, "")
    assert {each.resource for each in found.probes} == {"apache"}
    assert "the cloud says ABSENT" in found.why


def test_what_ailed_a_service_is_kept_and_how_long_the_machine_was_not_seen() -> None:
    world = World(PAIR)
    world.advance(100)
    world.ail("db/mysqld", "too many connections", soft=True, cure=None)
    silent(world)
    world.advance(50)
    world.order(Rung.RELAUNCH, "db")
    found = kept(world)
    ill = [each for each in found.probes if each.verdict is not Verdict.PASSED]
    assert ("mysqld", "too many connections") in {(each.resource, each.reason) for each in ill}
    assert found.unseen == 50.0


def test_where_no_probe_has_said_anything_what_was_thought_of_a_resource_is_kept() -> None:
    world = World(PAIR)
    world.resume()
    assert all(isinstance(each, LastProbe) for each in keeping.last_probes(world.now, world.state.assemblies["db"], "mysqld"))
    state = world.state.assemblies["db"]
    bare = keeping.last_probes(5.0, state.__class__(resources={"x": type(state.resources["mysqld"])(reason="y" * 999, since=2.0)}), "x")
    assert bare == [LastProbe("x", "", Verdict.UNKNOWN, "y" * keeping.REASON, 3.0)]


def test_that_a_machine_falls_silent_while_we_stop_it_is_no_news() -> None:
    world = World(PAIR)
    hangs(world, actions.FenceInstance)
    world.advance(30)
    world.order(Rung.RELAUNCH, "db")
    fence = under_way(world)
    world.advance(20)
    world.feed(events.ContactLost(at=0, assembly="db", generation=1, reason="reset", last_seen=world.now))
    world.advance(60)
    world.feed(events.InstanceFenced(at=0, action=fence.id))
    assert kept(world).unseen is None

"""``step`` is a function: the same input gives the same output, and nothing else happens (policy.md section 8)."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache

from dpe.policy.step import step
from pcloud.model import events
from pcloud.model.state import DeployableState
from pcloud.model.words import Rung
from tests.policy.plans import WORDPRESS
from tests.policy.world import World


@cache
def eventful() -> World:
    """A world in which a bit of everything has happened; nobody changes it."""
    world = World(jitter=0.25, seed=7)
    world.ail("mysql/mysqld")
    world.ail("web/site", "500", soft=True)
    world.advance(60)
    world.ail("web/apache", cure=Rung.REBOOT)
    world.advance(100)
    world.freeze("mysql")
    world.advance(70)
    world.vanish("mysql")
    world.advance(70)
    world.resume()
    world.host("web").unreachable = True
    world.look()
    world.advance(70)
    world.stop()
    return world


def test_the_same_events_lead_to_the_same_states_and_orders() -> None:
    world = eventful()
    first, second = DeployableState("wordpress", seed=7), DeployableState("wordpress", seed=7)
    for event in world.trace:
        if isinstance(event, events.SettingsChanged):
            first, second = (replace(each, plan=None, target=None) for each in (first, second))
        before = repr(first)
        once, orders, wake = step(first, event)
        again, same_orders, same_wake = step(second, event)
        assert repr(first) == before, "its input was changed"
        assert (once, orders, wake) == (again, same_orders, same_wake)
        assert once.wake_at == wake
        first, second = once, again
    assert first == world.state


def test_a_fact_that_is_known_already_gives_back_the_very_same_state() -> None:
    world = World()
    world.mute = True
    for target in (("mysql", "mysqld", "tcp:3306"), ("web", "apache", "")):
        before = world.state
        world.say(events.ProbePassed, target[0], resource=target[1], probe=target[2])
        world.feed(events.Ticked(at=0))
        assert world.state is before
    before = world.state
    world.feed(events.ActionDone(at=0, action="wordpress.1"))
    world.feed(events.ActionFailed(at=0, action="never heard of", reason="?"))
    world.feed(events.ContactLost(at=0, assembly="mysql", generation=9, reason="?", last_seen=0.0))
    assert world.state is before


def test_a_miss_that_is_repeated_changes_nothing_once_it_counts() -> None:
    world = World()
    world.mute = True
    for _ in range(4):
        world.say(events.ProbeMissed, "web", resource="apache", reason="timeout")
    world.feed(events.Ticked(at=0))
    before = world.state
    world.say(events.ProbeMissed, "web", resource="apache", reason="timeout")
    world.feed(events.Ticked(at=0))
    assert world.state is before


def test_without_a_plan_nothing_is_decided() -> None:
    state = DeployableState("wordpress")
    assert step(state, events.Ticked(at=1.0)) == (state, (), None)


def test_ids_are_never_used_twice() -> None:
    world = eventful()
    ids = [each.id for each in world.log if hasattr(each, "id")] + [each.decision for each in world.reports() if each.record is not None]
    opened = dict.fromkeys(ids)
    assert all(each.startswith("wordpress.") for each in opened)
    assert (
        len({each.decision for each in world.reports() if each.record is not None} & {each.id for each in world.log if hasattr(each, "id")})
        == 0
    )


def test_no_rule_depends_on_the_order_of_a_set() -> None:
    """The same scenario under another hash seed, in a fresh interpreter."""
    script = "from tests.invariants.test_purity import eventful; print(*eventful().log, sep=chr(10))"
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    said = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert said.splitlines() == [str(each) for each in eventful().log]
    assert len(said.splitlines()) > 100


def test_the_plan_is_what_the_spec_made_of_it() -> None:
    world = World()
    assert world.state.plan is WORDPRESS

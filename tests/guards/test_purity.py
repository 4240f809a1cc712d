"""``oversee`` is a function: the same facts give the same words, and nothing else happens (policy.md section 8)."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from functools import cache

from cpe.policy.oversee import oversee
from cpe.policy.state import Oversight
from cpe.policy.words import Stood
from pcloud.model.words import Rung
from tests.guards.scene import SICK, Scene


@cache
def eventful() -> Scene:
    """Guards before whom a bit of everything has happened; nobody changes them."""
    scene = Scene()
    names = scene.many(30, machines="ab")
    scene.add("e0", "e1", "e2", infrastructure="other")
    for name in names:
        scene.change(name, outside=True)
    for name in names[:3]:
        scene.recover(name, verified=False, rung=Rung.RELAUNCH)
    scene.ail(*names[:14], **SICK)
    scene.ail(*names[:10], outside_failing=True)
    scene.ail("e0", "e1", "e2", **SICK)
    for name in ("e1", "e0", *names[:20]):
        scene.ask(name, Rung.RELAUNCH)
        scene.ask(name, permit=f"{name}/b", assembly="b")
        scene.ask(name, Rung.RESTART, permit=f"{name}/restart")
    scene.ask(names[5], condemned=True)
    scene.advance(400)
    scene.heal(*names[:10], "e1")
    scene.advance(130)
    scene.by_hand("e2")
    scene.end("e2", verified=True)
    scene.ask(names[29], Rung.RELAUNCH_DEPLOYABLE)
    scene.leave(names[28])
    scene.advance(600)
    return scene


def test_the_same_facts_lead_to_the_same_words_and_an_old_state_stays_as_it_was() -> None:
    scene = eventful()
    state = Oversight()
    log = []
    for fact in scene.trace:
        before = copy.copy(state)
        after, words, wake = oversee(state, fact)
        again, same_words, same_wake = oversee(before, fact)
        assert (words, wake) == (same_words, same_wake)
        assert (after.groups, after.regions, list(after.queues)) == (again.groups, again.regions, list(again.queues))
        log += [(fact.at, word) for word in words]
        state = after
    assert log == scene.log
    assert len(log) > 100


def test_a_standing_that_is_known_already_gives_back_the_very_same_state() -> None:
    scene = eventful()
    known = Stood(scene.at, scene.standings["e0"])
    assert oversee(scene.state, known) == (scene.state, (), scene.state.wake_at)
    assert oversee(scene.state, known)[0] is scene.state


def test_no_rule_depends_on_the_order_of_a_set() -> None:
    """The same scenario under another hash seed, in a fresh interpreter."""
    script = "from tests.guards.test_purity import eventful; print(*eventful().log, sep=chr(10))"
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    said = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert said.splitlines() == [str(each) for each in eventful().log]

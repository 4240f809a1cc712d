"""What one decision costs: ``step`` on a deployable of two assemblies with two resources each, and the memory of its state.

Prints a table: the fact, microseconds of CPU (the best of many runs), the most that it may be, and the ratio to the peer: the plain way to
leave the old state untouched, a deep copy of it. Memory: resident bytes a deployable, over ``COPIES`` that share nothing.
"""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dpe.policy.step import step
from pcloud.model import actions, events
from pcloud.model.instance import Instance
from pcloud.model.plan import DeployablePlan
from pcloud.model.state import DeployableState
from pcloud.model.words import Desired
from pcloud.spec.files import files_of
from pcloud.spec.overriding import plan_overridden

SPEC = """
deployable: shop
assemblies:
  db:
    image: host
    volumes: {data: {size: 1GiB, mount: /data}}
    resources:
      mysqld: {agent: "process:mysqld", checks: [{tcp: 3306}]}
      backup: {agent: "process:backup"}
  web:
    image: host
    data: ephemeral
    after: [db]
    resources:
      apache: {agent: "process:apache", checks: [{tcp: 8080}]}
      worker: {agent: "process:worker"}
"""
UNCHANGED, CHANGED = 5.0, 50.0  # µs that a fact may cost that changes nothing, and one that does
COPIES = 100_000
RUNS, ROUNDS = 2000, 9


@dataclass(frozen=True)
class Case:
    """A fact in a state."""

    name: str
    state: DeployableState
    event: events.Event
    most: float


class Story:
    """A deployable that comes up and loses its database, one fact at a time; each fact can be measured where it stands."""

    def __init__(self, plan: DeployablePlan) -> None:
        self.at = 0.0
        self.state = DeployableState(plan.name, jitter=0.0)
        self.orders: list[actions.Order] = []
        self.cases: list[Case] = []
        self.tell(events.SettingsChanged(at=0.0, plan=plan))
        self.tell(events.OperatorAsked(at=0.0, desired=Desired.RUNNING))
        for number, name in enumerate(("db", "web")):
            self.bring_up(name, f"10.0.0.{number}")
        self.at += 3600.0
        self.tell(events.Ticked(at=self.at))  # what was due by then is done
        self.at += 1.0

    def tell(self, event: events.Event, measured: str = "", most: float = CHANGED) -> None:
        if measured:
            self.cases.append(Case(measured, self.state, event, most))
        self.state, orders, _ = step(self.state, event)
        self.orders = list(orders)

    def open_action(self, assembly: str) -> actions.Action:
        state = self.state.assemblies[assembly]
        return next(each for each in (state.action, *(one.action for one in state.resources.values())) if each is not None)

    def bring_up(self, name: str, address: str) -> None:
        at = self.at
        launch = self.open_action(name)
        self.tell(events.InstanceLaunched(at=at, action=launch.id, instance=Instance(f"i-{name}", 1, address, infrastructure="local")))
        self.tell(events.ContactMade(at=at, assembly=name, generation=1, boot_id="one"))
        self.tell(events.ProvisionFinished(at=at, assembly=name, generation=1, status=0, tail=""))
        self.tell(events.ActionDone(at=at, action=self.open_action(name).id))
        for resource, probes in self.probes(name):
            for probe in probes:
                self.tell(events.ProbePassed(at=at, assembly=name, generation=1, resource=resource, probe=probe))

    def probes(self, name: str) -> list[tuple[str, list[str]]]:
        plan = self.state.plan.assembly(name) if self.state.plan is not None else None
        return [(each.name, ["", *(check.key for check in each.checks)]) for each in plan.resources] if plan is not None else []

    def lose_the_database(self) -> None:
        of = {"assembly": "db", "generation": 1}
        probe = {**of, "resource": "mysqld"}
        self.tell(events.ProbePassed(at=self.at, **probe), "a probe passes, as before", UNCHANGED)
        self.tell(events.Ticked(at=self.at), "time passes, nothing is due", UNCHANGED)
        key = self.probes("db")[0][1][1]
        self.tell(events.ProbeMissed(at=self.at, **probe, probe=key, reason="refused"), "a probe misses for the first time")
        self.tell(events.ProbeFailed(at=self.at, **probe, reason="not running"), "a service has failed: decided, permit asked for")
        permit = next(each.request.permit for each in self.orders if isinstance(each, actions.AskPermit))
        self.tell(events.PermitGranted(at=self.at, permit=permit), "the guards let it: restart ordered")
        self.tell(events.ActionDone(at=self.at, action=self.open_action("db").id), "it was restarted: to be verified")
        self.tell(events.ProbePassed(at=self.at, **probe), "its process runs")
        self.tell(events.ProbePassed(at=self.at, **probe, probe=key), "its port answers: verified")
        self.tell(events.ContactLost(at=self.at, **of, reason="no answer", last_seen=self.at), "a machine is silent: others are asked")
        self.tell(events.ContactMade(at=self.at, **of, boot_id="one"), "it answers again")


def microseconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(RUNS):
            work()
        best = min(best, (time.process_time() - begun) / RUNS)
    return best * 1e6


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def bytes_of(thing: object) -> float:
    """Resident bytes of one of ``COPIES`` copies that share nothing, as they would after being read from a store."""
    frozen = pickle.dumps(thing)
    gc.collect()
    before = resident()
    copies = [pickle.loads(frozen) for _ in range(COPIES)]
    taken = resident() - before
    del copies
    return taken / COPIES


def main() -> None:
    story = Story(plan_overridden(SPEC, path="shop.yaml", files=dict.fromkeys(files_of(SPEC), ""), settings=[]))
    healthy = story.state
    story.lose_the_database()
    peer = microseconds(lambda: copy.deepcopy(healthy)) if "--quick" not in sys.argv else float("nan")
    print(f"{'step on a fact':52} {'ours µs':>8} {'at most':>8} {'peer µs':>9} {'ratio':>7}")
    for case in story.cases:
        cost = microseconds(lambda case=case: step(case.state, case.event))  # type: ignore[misc]
        print(f"{case.name:52} {cost:8.1f} {case.most:8.0f} {peer:9.0f} {peer / cost:6.0f}x{'' if cost <= case.most else '  TOO MUCH'}")
    without_plan = replace(healthy, plan=None, target=None)
    print(f"\n{'memory of one of ' + format(COPIES, ',') + ' deployables':52} {'bytes':>8}")
    print(f"{'its state':52} {bytes_of(without_plan):8.0f}")
    print(f"{'its plan':52} {bytes_of(healthy.plan):8.0f}")


if __name__ == "__main__":
    main()

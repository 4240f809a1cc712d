"""From a plan and a trace to decisions."""

from __future__ import annotations

from collections.abc import Sequence

from dpe.policy.summary import deployable_word
from pcloud.model.events import OperatorAsked, SettingsChanged
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import Desired
from pcloud.simulation.befalling import Befalling
from pcloud.simulation.controller import Controller
from pcloud.simulation.facts import Fact
from pcloud.simulation.output import Record
from pcloud.simulation.overseeing import Guards, Overseer
from pcloud.simulation.pending import Outlook, only_asking
from pcloud.simulation.wheel import Moment, Place, Wheel
from pcloud.simulation.world import World

BEFORE = 60.0  # seconds before the trace in which everything comes up: no longer than the peers' first look at each other takes
LONGEST = 86400.0  # "at the latest 24 h after the last line" (interface.md)
ASKED = 10.0  # seconds: a round of questions about what is held, the cloud's included
LEAD = 600.0  # seconds before a line in which nothing is skipped: what was asked before is old by then, and is asked anew
JITTER = 0.25  # policy.md section 3.4


def simulate(
    plan: DeployablePlan, trace: Sequence[Fact], *, jitter: float = JITTER, until: float | None = None, overseer: Overseer | None = None
) -> list[Record]:
    """What the policy decides, in order. Ends at ``until``, or where nothing but repeats is to come."""
    simulation = Simulation(plan, jitter, overseer)
    simulation.come_up()
    simulation.follow(trace, until)
    return simulation.controller.ledger.records


class Simulation:
    """One deployable with what surrounds it, and its time."""

    def __init__(self, plan: DeployablePlan, jitter: float, overseer: Overseer | None = None) -> None:
        self.world = World(plan)
        self.wheel = Wheel(-BEFORE)
        self.controller = Controller(self.world, self.wheel, overseer or Guards(plan.name, -BEFORE), jitter)
        self._befalling = Befalling(self.world, self.wheel, self.controller)
        self._news = 0.0  # when anything last befell it

    def come_up(self) -> None:
        """Begin the trace with a healthy deployable, generation 1, whose machines know each other."""
        self.controller.tell(SettingsChanged, plan=self.world.plan)
        self.controller.tell(OperatorAsked, desired=Desired.RUNNING)
        self.controller.live()
        while (moment := self._next(())) is not None and moment[0] <= 0:
            self._go(moment)
        self.wheel.now = 0.0
        if deployable_word(self.controller.state) != "healthy":
            raise RuntimeError(f"{self.world.plan.name} does not come up: {deployable_word(self.controller.state)}")
        self.controller.ledger.records.clear()

    def follow(self, trace: Sequence[Fact], until: float | None) -> None:
        """Let a trace befall it, and go on to the end."""
        end = until if until is not None else (trace[-1].at if trace else 0.0) + LONGEST
        lines = list(reversed(trace))
        while (moment := self._next(lines)) is not None and moment[0] <= end:
            if not lines and until is None and not self._pending():
                return
            if moment[1] is Place.LINE:
                self.wheel.now = max(self.wheel.now, moment[0])
                self._news = self.wheel.now
                self._befalling.befall(lines.pop())
            else:
                self._go(moment)

    def _next(self, lines: Sequence[Fact]) -> Moment | None:
        """The next moment at which anything happens, and what comes first then."""
        moments = [self.wheel.next, (lines[-1].at, Place.LINE) if lines else None]
        wake = self.controller.wake_at
        if wake is not None and lines:
            wake = self._skipping(wake, lines[-1].at)
        if wake is not None:
            moments.append((max(wake, self.wheel.now), Place.WAKE))
        return min((moment for moment in moments if moment is not None), default=None)

    def _skipping(self, wake: float, line: float) -> float:
        """When to wake the policy before the next line: much later where all that it does until then is to ask again and again."""
        rounds = (line - wake - LEAD) // ASKED
        if rounds <= 0 or not only_asking(self.controller.state) or self._pending():
            return wake
        return wake + rounds * ASKED

    def _go(self, moment: Moment) -> None:
        at, place = moment
        self.wheel.now = max(self.wheel.now, at)
        if place is Place.WAKE:
            self.controller.wake()
            return
        if place is not Place.PROBE:
            self._news = self.wheel.now
        while self.wheel.next == moment:  # what falls together is seen together: a fault and what came of it may end at once
            self.wheel.turn()
        self.controller.live()

    def _pending(self) -> bool:
        if self.controller.busy:
            return True
        return Outlook(self.world, self.wheel.now, self._news).pending(self.controller.state)

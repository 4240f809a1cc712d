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
from pcloud.simulation.overseeing import Granting, Overseer
from pcloud.simulation.pending import pending
from pcloud.simulation.wheel import Moment, Place, Wheel
from pcloud.simulation.world import World

BEFORE = 60.0  # seconds before the trace in which everything comes up: no longer than the peers' first look at each other takes
LONGEST = 86400.0  # "at the latest 24 h after the last line" (interface.md)
JITTER = 0.25  # policy.md section 3.4


def simulate(
    plan: DeployablePlan, trace: Sequence[Fact], *, jitter: float = JITTER, until: float | None = None, overseer: Overseer | None = None
) -> list[Record]:
    """What the policy decides, in order. Ends at ``until``, or where nothing but repeats is to come."""
    simulation = Simulation(plan, jitter, overseer or Granting())
    simulation.come_up()
    simulation.follow(trace, until)
    return simulation.controller.records


class Simulation:
    """One deployable with what surrounds it, and its time."""

    def __init__(self, plan: DeployablePlan, jitter: float, overseer: Overseer) -> None:
        self.world = World(plan)
        self.wheel = Wheel(-BEFORE)
        self.controller = Controller(self.world, self.wheel, overseer, jitter)
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
        self.controller.records.clear()

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
        if self.controller.wake_at is not None:
            moments.append((max(self.controller.wake_at, self.wheel.now), Place.WAKE))
        return min((moment for moment in moments if moment is not None), default=None)

    def _go(self, moment: Moment) -> None:
        at, place = moment
        self.wheel.now = max(self.wheel.now, at)
        if place is Place.WAKE:
            self.controller.wake()
            return
        if place is not Place.PROBE:
            self._news = self.wheel.now
        self.wheel.turn()

    def _pending(self) -> bool:
        if self.controller.busy:
            return True
        now = self.wheel.now
        return pending(self.controller.state, self.world, now, self._news)

"""The journal's facts: what one deployable's ``step`` was given, in order, so that all of its decisions can be made again.

Rules: only what changed the state, or ordered something, is a fact of the journal; a pass that changes nothing is none. What the state
came from is a fact too: it was made, or loaded by a controller that took the deployable up.
"""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.actions import POLICY_VERSION, Order
from pcloud.model.events import Event
from pcloud.model.plan import DeployablePlan


@dataclass(frozen=True, slots=True)
class StateMade:
    """A deployable begins: with a new state, which has no plan yet."""

    at: float
    wall: float
    seed: int
    jitter: float
    policy: int = POLICY_VERSION


@dataclass(frozen=True, slots=True)
class StateLoaded:
    """A controller goes on from the state that was stored last, without its plan.

    ``state`` is empty, except where the facts before it are not kept: then it is that state as the store has it, and the beginning of
    what can be made again.
    """

    at: float
    wall: float
    policy: int = POLICY_VERSION
    state: str = ""


@dataclass(frozen=True, slots=True)
class StateKept:
    """The state as it was here, with its plans: those before it may be gone, and what can be made again begins here then.

    ``target`` is None where it is the plan as well.
    """

    at: float
    wall: float
    state: str
    plan: DeployablePlan | None = None
    target: DeployablePlan | None = None
    policy: int = POLICY_VERSION


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that ``step`` took in, and what it ordered upon it."""

    event: Event
    ordered: tuple[Order, ...] = ()


JournalFact = StateMade | StateLoaded | StateKept | Taken

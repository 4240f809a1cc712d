"""The working copy of one ``oversee``: what the rules read and write before it becomes the next state.

Rules: a Turn lives within one call; the state that came in is never changed. The copies that are made here are of what grows with the
number of infrastructures and zones only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cpe.policy.state import Group, Key, Oversight, Place, Region, Ward
from cpe.policy.words import Told, Word
from pcloud.model.guards import GuardWord


class Turn:
    """One evaluation at ``at``. ``regions_seen`` and ``places_seen`` must be judged anew; ``fresh`` requests must be answered."""

    def __init__(self, state: Oversight, at: float) -> None:
        self.at = at
        self.state = state
        self.wards = state.wards
        self.groups = dict(state.groups)
        self.regions = dict(state.regions)
        self.queues = dict(state.queues)
        self.outside, self.failing, self.doubted = state.outside, state.failing, state.doubted
        self.seats = state.seats
        self.number = state.number
        self.gathering, self.early = state.gathering, state.early
        self.words: list[Word] = []
        self.regions_seen: dict[str, None] = {}
        self.places_seen: dict[Place, None] = {}
        self.fresh: dict[Key, None] = {}

    def ward(self, name: str) -> Ward:
        """A deployable; one that nobody has heard of is empty."""
        return self.wards.get(name) or Ward()

    def update_ward(self, name: str, **changes: Any) -> Ward:
        """Write fields of a deployable."""
        new = replace(self.ward(name), **changes)
        self.wards = self.wards.having(name, new)
        return new

    def group(self, place: Place) -> Group:
        """One zone of an infrastructure; one that nobody has heard of is empty."""
        return self.groups.get(place) or Group()

    def update_group(self, place: Place, **changes: Any) -> None:
        """Write fields of a zone."""
        self.groups[place] = replace(self.group(place), **changes)

    def region(self, name: str) -> Region:
        """An infrastructure; one that nobody has heard of is empty."""
        return self.regions.get(name) or Region()

    def update_region(self, name: str, **changes: Any) -> None:
        """Write fields of an infrastructure."""
        self.regions[name] = replace(self.region(name), **changes)
        self.regions_seen[name] = None

    def tell(self, deployable: str, word: GuardWord) -> None:
        """Say it to a deployable's DPE."""
        self.words.append(Told(deployable, word))

    def next_number(self) -> int:
        """A number higher than all before."""
        self.number += 1
        return self.number

    def finish(self, wake_at: float | None) -> Oversight:
        """The next state."""
        return Oversight(
            wards=self.wards,
            groups=self.groups,
            regions=self.regions,
            queues=self.queues,
            outside=self.outside,
            failing=self.failing,
            doubted=self.doubted,
            seats=self.seats,
            number=self.number,
            gathering=self.gathering,
            early=self.early,
            wake_at=wake_at,
        )

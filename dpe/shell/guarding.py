"""One deployable before the controller's guards: asks for permits, gives them back, says how it stands, hears their words.

Rules: the guards know how the deployable stands before they are asked; they are told only what is new to them; what they say is a fact
like any other.
"""

from __future__ import annotations

from collections.abc import Callable

from dpe.policy import places
from dpe.policy.standing import standing
from dpe.shell.facts import Fact
from pcloud.errors import PcloudError
from pcloud.limits import time_limit
from pcloud.model.actions import AskAnchors, AskPermit, ReturnPermit
from pcloud.model.events import AnchorAnswered, OutsideDoubted, PermitGranted, PermitHeld
from pcloud.model.guards import GuardWord, OutsideDoubt, PermitAnswer, Relaunched, Standing
from pcloud.model.ports import Guards
from pcloud.model.state import DeployableState
from pcloud.model.words import Phase

ANCHOR_TRY = 15.0  # seconds for all anchors of a network: each answers in milliseconds or is down, and a cloud's API is the slowest


class Petitioner:
    """Speaks for one deployable. ``post`` takes the facts."""

    def __init__(self, deployable: str, guards: Guards, post: Callable[[Fact], None]) -> None:
        self._deployable = deployable
        self._guards = guards
        self._post = post
        self._state: DeployableState | None = None  # the one that the guards know of
        self._standing: Standing | None = None
        self._asked: dict[str, AskPermit] = {}  # by permit

    def attend(self, relaunched: tuple[Relaunched, ...] = ()) -> None:
        """Hear the guards from now on; a controller that has just started hears what was relaunched before."""
        self._guards.attend(self._deployable, self._hear, relaunched)

    def leave(self) -> None:
        """Hear nothing any more; how the deployable stood last is still so, as far as anybody knows."""
        self._guards.attend(self._deployable, lambda _word: None)

    def stand(self, state: DeployableState) -> None:
        """Say how the deployable stands, if that is news."""
        if state is self._state:
            return  # most steps change nothing, and this must cost nothing then
        self._state = state
        now = standing(state)
        if now != self._standing:
            self._standing = now
            self._guards.stand(now)

    def give_up(self) -> None:
        """Nothing is decided about it any more: it counts in no guard, and what it had under way is in nobody's way."""
        if self._standing != (nowhere := Standing(self._deployable)):
            self._standing = nowhere
            self._guards.stand(nowhere)

    def put(self, order: AskPermit | ReturnPermit) -> None:
        """Ask for a permit, or give one back."""
        match order:
            case AskPermit(request=request):
                self._asked = {**self._still_asked(), request.permit: order}
                self._guards.ask(request)
            case ReturnPermit(permit=permit):
                self._guards.give_back(self._deployable, permit)

    def ask_again(self) -> None:
        """Ask once more for what is still wanted: the words of before were not taken in, and a permit does not hold for long."""
        for order in self._still_asked().values():
            self._guards.ask(order.request)

    def _still_asked(self) -> dict[str, AskPermit]:
        recoveries = places.recoveries(self._state) if self._state is not None else ()
        wanted = {recovery.permit for _, recovery in recoveries if recovery.phase is Phase.ASKING}
        return {permit: order for permit, order in self._asked.items() if permit in wanted}

    async def ask_anchors(self, question: AskAnchors) -> None:
        """See whether an anchor on the assembly's network answers."""
        try:
            async with time_limit(ANCHOR_TRY):
                anchor, answered = await self._guards.anchor(question.instance.infrastructure, self._deployable, question.assembly)
        except (PcloudError, TimeoutError):
            anchor, answered = "", False  # whatever went wrong, no anchor has answered
        of = {"assembly": question.assembly, "generation": question.instance.generation}
        self._post(Fact(AnchorAnswered, **of, anchor=anchor, answered=answered))

    def _hear(self, word: GuardWord) -> None:
        match word:
            case PermitAnswer(permit=permit, granted=granted, guards=guards):
                self._post(Fact(PermitGranted if granted else PermitHeld, permit=permit, guards=guards))
            case OutsideDoubt(doubted=doubted, numbers=numbers):
                self._post(Fact(OutsideDoubted, doubted=doubted, numbers=numbers))

"""Somebody answers for this controller (policy.md section 6): what keeps it from acting on a deployable ends.

Rules: one word ends both holds, that of a stale controller and that of one which must not trust itself: whoever says it has been told of
both, and answers for both. What is done from now on is told from what another, or a later life of this store, has done under the same
numbers, so that no machine takes it for done: ``life`` is part of the ids that machines know (policy.md section 6).
"""

from __future__ import annotations

from dpe.policy import observing, stale
from dpe.policy.turn import Turn
from pcloud.model.actions import TAKEOVER
from pcloud.model.events import TakeoverAsked
from pcloud.model.state import DeployableState


def needed(state: DeployableState) -> bool:
    """Whether there is anything to take over."""
    return bool(state.stale or state.observing)


def on_asked(turn: Turn, event: TakeoverAsked) -> None:
    """Go on, by one's own judgement."""
    root = turn.root
    what = ["going on from the highest generation that was seen"] if root.stale else []
    what += ["acting again, on what is seen from now on"] if root.observing else []
    by = f" by {event.owner}" if event.owner else ""
    why = f" ({event.reason})" if event.reason else ""
    turn.report(TAKEOVER, f"taken over{by}{why}: {'; '.join(what)}", decision=root.doubt)
    turn.update_root(life=int(event.wall))
    observing.end(turn, order=not root.stale)
    if root.stale:
        stale.take_over(turn)

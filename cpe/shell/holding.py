"""What recoveries wait for, and who has paused what, for a status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from pcloud.model.state import Pause, Recovery
from pcloud.model.words import Phase
from pcloud.records.status import PauseStatus


def moment(wall: float) -> datetime:
    """POSIX seconds as a moment in UTC."""
    return datetime.fromtimestamp(wall, UTC)


def held(recovery: Recovery | None, wall_at: Callable[[float], float]) -> tuple[str, datetime | None]:
    """What a recovery waits for, and since when; nothing where it does not."""
    if recovery is None:
        return "", None
    since = moment(wall_at(recovery.held_since)) if recovery.held_since is not None else None
    if recovery.phase is Phase.APPROVAL:
        return f"{recovery.rung} waits for a yes", since
    last = recovery.guards[-1] if recovery.guards else None
    if since is None or last is None or last.passed:
        return "", None
    return f"{recovery.rung} held by {last.guard}" + (f": {last.numbers}" if last.numbers else ""), since


def pause_status(pause: Pause, wall_at: Callable[[float], float]) -> PauseStatus:
    """A pause; it ends at the later of both clocks (policy.md section 5)."""
    return PauseStatus(
        assembly=pause.assembly or None,
        owner=pause.owner,
        reason=pause.reason,
        until=moment(max(pause.until_wall, wall_at(pause.until))),
        maintenance=pause.maintenance,
    )

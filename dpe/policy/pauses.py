"""Pauses (policy.md section 5): somebody works on it, and nothing else may.

Rules:
- A pause has an owner, a reason and an end: the later of wall time and monotonic time. A warning comes 15 min before.
- Monitoring goes on; failures do not count; what has begun is finished; nothing else is begun but by hand.
- Maintenance of an assembly covers what comes after it as well: it will miss its dependency, and nobody shall mend that.
- Afterwards everything covered starts as ``unknown``, with the time of a restart's verification as its grace.
"""

from __future__ import annotations

from dpe.policy import evidence, records
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from dpe.policy.wording import duration
from pcloud.model.actions import Decision
from pcloud.model.events import PauseAsked, ResumeAsked
from pcloud.model.state import Pause, Silence
from pcloud.model.words import Choice

WARNING = 900.0  # policy.md section 5: "a warning 15 min before"


def covers(turn: Turn, pause: Pause, assembly: str) -> bool:
    """Whether a pause is about this assembly."""
    if not pause.assembly or pause.assembly == assembly:
        return True
    return pause.maintenance and pause.assembly in turn.upstream(assembly)


def covering(turn: Turn, assembly: str) -> Pause | None:
    """The pause that an assembly is under."""
    return next((pause for pause in turn.root.pauses if covers(turn, pause, assembly)), None)


def counts(turn: Turn, assembly: str) -> bool:
    """Whether a failure of the assembly, or of anything on it, counts now: it is not paused, and has its grace behind it."""
    grace = turn[assembly].grace
    return (grace is None or turn.at >= grace) and (not turn.root.pauses or covering(turn, assembly) is None)


def suppress(turn: Turn, place: Place, reason: str) -> None:
    """Record a failure that counts for nothing because of a pause: once for each target and pause.

    In the grace after one nothing is recorded: what still fails then counts when it is over, and that is recorded.
    """
    pause = covering(turn, place.assembly)
    if pause is None or place.name in pause.suppressed:
        return
    told = replace(pause, suppressed=(*pause.suppressed, place.name))
    turn.update_root(pauses=tuple(told if each is pause else each for each in turn.root.pauses))
    by = f" by {pause.owner}" if pause.owner else ""
    decision = turn.decide(
        Decision(turn.next_id(), Choice.SUPPRESS, "section 5", evidence=(reason,), next="it is looked at anew when the pause is over"),
        f"{reason}; paused{by}: counts for nothing",
        assembly=place.assembly,
        resource=place.resource,
    )
    records.stand(turn, place, decision)


def on_asked(turn: Turn, event: PauseAsked) -> None:
    """Begin a pause, or change the one that is there for the same target."""
    if event.assembly and event.assembly not in turn.assemblies:
        return
    pause = Pause(event.assembly, event.owner, event.reason, turn.at + event.seconds, turn.wall + event.seconds, event.maintenance)
    others = tuple(each for each in turn.root.pauses if each.assembly != event.assembly)
    turn.update_root(pauses=(*others, pause))
    what = "maintenance" if event.maintenance else "paused"
    who, why = f" by {event.owner}" if event.owner else "", f": {event.reason}" if event.reason else ""
    turn.report("paused", f"{what}{who} for {duration(event.seconds)}{why}", assembly=event.assembly)


def on_resume(turn: Turn, event: ResumeAsked) -> None:
    """End pauses by hand: those of one assembly, or all."""
    ended = [pause for pause in turn.root.pauses if not event.assembly or pause.assembly == event.assembly]
    end(turn, ended, f"resumed{' by ' + event.owner if event.owner else ''}")


def watch(turn: Turn) -> None:
    """End pauses whose time is over, and warn of those that soon are."""
    if not turn.root.pauses:
        return
    end(turn, [pause for pause in turn.root.pauses if ends_at(turn, pause) <= turn.at], "its time is over")
    for pause in turn.root.pauses:
        if not pause.warned and ends_at(turn, pause) - WARNING <= turn.at:
            turn.update_root(pauses=tuple(replace(each, warned=True) if each is pause else each for each in turn.root.pauses))
            left = duration(max(1.0, ends_at(turn, pause) - turn.at))
            turn.report("paused", f"the pause ends in {left}", assembly=pause.assembly, alert=ends_at(turn, pause) - turn.at > 1.0)


def ends_at(turn: Turn, pause: Pause) -> float:
    """When it ends by both clocks, on the deployable's."""
    return max(pause.until, turn.at + pause.until_wall - turn.wall)


def end(turn: Turn, ended: list[Pause], how: str) -> None:
    """These are over: what nobody else pauses starts as unknown, with grace."""
    if not ended:
        return
    was = [name for name in turn.assemblies if covering(turn, name) is not None]
    turn.update_root(pauses=tuple(pause for pause in turn.root.pauses if pause not in ended))
    for pause in ended:
        turn.report("resumed", f"the pause is over: {how}", assembly=pause.assembly)
    for name in was:
        if covering(turn, name) is None:
            begin_anew(turn, name)


def begin_anew(turn: Turn, name: str) -> None:
    """Nothing of what was seen meanwhile counts."""
    evidence.forget(turn, name, doubt=True)
    silence = turn[name].silence
    fresh = Silence(turn.at, silence.last_seen, silence.reason, ask_at=turn.at) if silence is not None else None
    turn.update(name, silence=fresh, held="", grace=turn.at + turn.plan_of(name).recovery.restart.verify)


def alarm(turn: Turn) -> float | None:
    """When a pause ends next, or is warned of."""
    moments = [ends_at(turn, pause) - (0.0 if pause.warned else WARNING) for pause in turn.root.pauses]
    return min(moments, default=None)

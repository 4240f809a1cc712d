"""Storms and freezes of one zone of an infrastructure: they begin at once and are released after two minutes below the threshold.

Rules (policy.md section 5): from five assemblies on, a storm is more than floor(0.4 * N) unhealthy; two or more that are all silent while
the cloud calls them ACTIVE are a freeze. Both are alerts when they have lasted 5 min.
"""

from __future__ import annotations

from dataclasses import replace

from cpe.policy.limits import ALERT_AFTER, CALM, SERIAL_BELOW, most_unhealthy
from cpe.policy.state import Group, Latch, Place
from cpe.policy.turn import Turn
from cpe.policy.words import Notice, Notices
from pcloud.model.words import Guard

BEGIN = {Guard.STORM: Notices.STORM, Guard.ALL_SILENT: Notices.FROZEN}
OVER = {Guard.STORM: Notices.STORM_OVER, Guard.ALL_SILENT: Notices.RELEASED}


def stormy(group: Group) -> bool:
    """Whether too many are unhealthy at once."""
    return group.assemblies >= SERIAL_BELOW and group.unhealthy > most_unhealthy(group.assemblies)


def all_mute(group: Group) -> bool:
    """Whether none of them answers, and the cloud sees nothing of it: it is the way there that is broken, or our own eyes."""
    return group.assemblies >= 2 and group.mute == group.assemblies


def judge_place(turn: Turn, place: Place) -> None:
    """Begin, hold or release the storm and the freeze of a zone."""
    group = turn.group(place)
    storm = follow(turn, place, Guard.STORM, group.storm, holds=stormy(group))
    silence = follow(turn, place, Guard.ALL_SILENT, group.silence, holds=all_mute(group))
    if group.assemblies == 0 and storm is None and silence is None:
        turn.groups.pop(place, None)
    elif (storm, silence) != (group.storm, group.silence):
        turn.update_group(place, storm=storm, silence=silence)


def follow(turn: Turn, place: Place, guard: Guard, latch: Latch | None, *, holds: bool) -> Latch | None:
    """The latch now; says so where it begins, is released, or has lasted."""
    if latch is None:
        if holds:
            notice(turn, place, BEGIN[guard], guard)
            return Latch(turn.at)
        return None
    if holds:
        latch = replace(latch, calm=None)
    elif latch.calm is None:
        latch = replace(latch, calm=turn.at)
    if latch.calm is not None and (turn.at >= latch.calm + CALM or turn.group(place).assemblies == 0):
        notice(turn, place, OVER[guard], guard)
        return None
    if not latch.alerted and turn.at >= latch.since + ALERT_AFTER:
        notice(turn, place, BEGIN[guard], guard, alert=True)
        latch = replace(latch, alerted=True)
    return latch


def notice(turn: Turn, place: Place, kind: Notices, guard: Guard, *, alert: bool = False) -> None:
    """Say it, with the numbers of the moment."""
    numbers = storm_text(turn.group(place)) if guard is Guard.STORM else mute_text(turn.group(place))
    lasting = f"; for {ALERT_AFTER:g}s now" if alert else ""
    turn.words.append(Notice(kind, place.infrastructure, place.zone, guard, numbers + lasting, alert))


def storm_text(group: Group) -> str:
    """Its numbers in words."""
    return f"{group.unhealthy} of {group.assemblies} unhealthy, at most {most_unhealthy(group.assemblies)}"


def mute_text(group: Group) -> str:
    """Its numbers in words."""
    return f"{group.mute} of {group.assemblies} silent while the cloud calls them ACTIVE"


def calm_text(latch: Latch | None, at: float) -> str:
    """How long a latch that holds has been calm, if it is."""
    return f", for {at - latch.calm:.0f}s of {CALM:g}s" if latch is not None and latch.calm is not None else ""


def latch_wake(latch: Latch | None) -> list[float]:
    """When time alone changes something about it."""
    if latch is None:
        return []
    calm = [latch.calm + CALM] if latch.calm is not None else []
    return calm if latch.alerted else [*calm, latch.since + ALERT_AFTER]

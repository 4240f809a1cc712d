"""What stands between a recovery that is due and its action: the mode, somebody's yes, and the guards' permit (policy.md section 5).

Rules:
- due → (approve: waits for a yes, 1 h at most) → asks for a permit → acts. Observed ones never act: they are taken as done, not verified.
- Manual commands pass the mode and the guards; whoever asks for them passes pauses too.
- A permit comes late, or again and again as held; what it was asked for may be over by then, and it is given back unused.
- A guard that holds is said once, with its numbers; an alert follows after 5 min.
"""

from __future__ import annotations

from typing import NamedTuple

from dpe.policy import flapping, places, records
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.actions import AskPermit, Decision, ReturnPermit
from pcloud.model.events import PermitGranted, PermitHeld
from pcloud.model.guards import PermitRequest
from pcloud.model.state import DeployableState, Recovery
from pcloud.model.words import FREEZES, Choice, Mode, Phase, Rung

APPROVAL = 3600.0  # policy.md section 5: "waits for a yes, 1 h at most"
HELD_ALERT = 300.0  # section 5: "an alert after 5 min"
WAITING = frozenset({Phase.DELAYED, Phase.APPROVAL, Phase.ASKING})


def waits(recovery: Recovery | None) -> bool:
    """Whether a recovery is decided and its action not begun."""
    return recovery is not None and recovery.phase in WAITING


def is_recovery(recovery: Recovery) -> bool:
    """Whether it recovers something: a first start, and what only follows a changed parameter, do not."""
    return bool(recovery.failures or recovery.permit or recovery.manual) or recovery.rung is Rung.RELAUNCH_DEPLOYABLE


class Intent(NamedTuple):
    """What a decision to recover comes to in its target's mode: the choice, how its action is told, and whether somebody is called."""

    choice: Choice
    doing: str
    alert: bool


def intended(turn: Turn, place: Place, doing: str, wait: float = 0.0) -> Intent:
    """What comes of a decision to recover that is to begin in ``wait`` seconds. A yes given now counts for what begins at once."""
    mode = places.mode_of(turn, place)
    if mode is Mode.OBSERVE:
        return Intent(Choice.HOLD, f"would be {doing} (observed only)", alert=False)
    if mode is Mode.APPROVE and not (wait <= 0 and turn.approves(place.assembly, place.resource)):
        return Intent(Choice.HOLD, f"{doing} waits for approval", alert=True)  # somebody has to know that his yes is waited for
    return Intent(Choice.ACT, doing, alert=False)


def opened(turn: Turn, place: Place) -> bool:
    """Take the next step of a recovery whose delay is over; True if its action may begin this very moment."""
    recovery = places.read(turn, place)
    if recovery is None or recovery.phase is not Phase.DELAYED:
        return False
    if recovery.manual:
        return True
    mode = Mode.ENFORCE if recovery.reload else places.mode_of(turn, place)
    if mode is Mode.OBSERVE:
        observe(turn, place, recovery)
    elif mode is Mode.APPROVE and not turn.approves(place.assembly, place.resource):
        places.write(turn, place, replace(recovery, phase=Phase.APPROVAL, until=turn.at + APPROVAL))
    else:
        ask(turn, place, recovery)
    return False


def observe(turn: Turn, place: Place, recovery: Recovery) -> None:
    """Take its action as done and not verified: the time to verify runs, and nothing happens."""
    verify = places.settings_of(turn, place).rung(recovery.rung).verify
    places.write(turn, place, replace(recovery, phase=Phase.VERIFYING, until=turn.at + verify, observed=True))
    remember(turn, place, recovery.rung)


def remember(turn: Turn, place: Place, rung: Rung) -> None:
    """Its action was begun, or would have been: for the rule that each rung is tried, and for the flapping alert."""
    if place.resource:
        history = flapping.remember(turn, turn.resource(place.assembly, place.resource).recoveries, place.assembly, place.resource)
        turn.update_resource(place.assembly, place.resource, recoveries=history)
    elif place.assembly:
        turn.update(place.assembly, recoveries=flapping.remember(turn, turn[place.assembly].recoveries, place.assembly))
        if rung is Rung.REBOOT:
            turn.update(place.assembly, reboot_tried=turn.at)
        elif rung is Rung.RELAUNCH:
            turn.update(place.assembly, relaunch_tried=turn.at)
    else:
        turn.update_root(recoveries=flapping.remember(turn, turn.root.recoveries, ""))


def ask(turn: Turn, place: Place, recovery: Recovery) -> None:
    """Ask the guards."""
    permit = turn.next_id()
    places.write(turn, place, replace(recovery, phase=Phase.ASKING, until=None, permit=permit, guards=(), held_since=None, alerted=False))
    turn.order(request(turn, place, recovery, permit))


def request(turn: Turn, place: Place, recovery: Recovery, permit: str) -> AskPermit:
    """What is asked of them."""
    name = place.assembly or turn.plan.assemblies[0].name
    instance = turn[name].instance
    home = instance.infrastructure if instance is not None and instance.infrastructure else turn.plan_of(name).infrastructure
    bodiless = recovery.rung is Rung.RELAUNCH and instance is None  # the fence read it off, and no later try can be wrong about it
    condemned = recovery.condemned or bodiless
    zone = turn[name].zone
    asked = PermitRequest(permit, turn.state.name, place.assembly, home, recovery.rung, zone, condemned=condemned)
    return AskPermit(place.assembly, place.resource, asked)


def asking(turn: Turn, permit: str) -> tuple[Place, Recovery] | None:
    """The recovery that waits for this permit."""
    for place, recovery in places.recoveries(turn.so_far()):
        if recovery.permit == permit and recovery.phase is Phase.ASKING:
            return place, recovery
    return None


def on_granted(turn: Turn, event: PermitGranted) -> tuple[Place, Recovery] | None:
    """The guards let it begin: what may begin now, if it is still wanted."""
    found = asking(turn, event.permit)
    if found is None:
        turn.order(ReturnPermit("", event.permit))
        return None
    place, recovery = found
    if recovery.held_since is not None:
        held = recovery.guards[-1].guard if recovery.guards else "guard"
        turn.report("released", f"no longer held by {held}", assembly=place.assembly, resource=place.resource, decision=recovery.decision)
    recovery = replace(recovery, guards=event.guards, held_since=None)
    places.write(turn, place, recovery)
    return place, recovery


def on_held(turn: Turn, event: PermitHeld) -> None:
    """A guard stands in the way."""
    found = asking(turn, event.permit)
    if found is None:
        return
    place, recovery = found
    now = event.guards[-1]
    news = recovery.held_since is None or not recovery.guards or recovery.guards[-1].guard is not now.guard
    since = turn.at if recovery.held_since is None else recovery.held_since
    places.write(turn, place, replace(recovery, guards=event.guards, held_since=since))
    if news:
        said = f"held by {now.guard}: {now.numbers}"
        frozen = now.guard in FREEZES
        turn.decide(
            Decision(
                turn.next_id(),
                Choice.FREEZE if frozen else Choice.HOLD,
                "section 5",
                recovery.rung,
                recovery.rung,
                recovery.failures,
                recovery.of,
                recovery.within,
                evidence=(recovery.reason,),
                next="it begins as soon as the guards let it",
                guards=event.guards,
                before=max(0, recovery.failures - 1),
            ),
            said,
            assembly=place.assembly,
            resource=place.resource,
            alert=frozen,
            of=recovery.decision,
        )


def watch(turn: Turn, place: Place, recovery: Recovery) -> None:
    """What time alone does to a recovery that waits: an alert where a guard holds it for long, a yes that nobody gave."""
    if recovery.phase is Phase.ASKING and recovery.held_since is not None and not recovery.alerted:
        if turn.at >= recovery.held_since + HELD_ALERT:
            places.write(turn, place, replace(recovery, alerted=True))
            held = recovery.guards[-1]
            turn.report(
                "held",
                f"held for 5m by {held.guard}: {held.numbers}",
                assembly=place.assembly,
                resource=place.resource,
                decision=recovery.decision,
                alert=True,
            )
    elif recovery.phase is Phase.APPROVAL and recovery.until is not None and turn.at >= recovery.until:
        lapse(turn, place, recovery, "nobody approved it within 1h")


def lapse(turn: Turn, place: Place, recovery: Recovery, reason: str) -> None:
    """There was no yes: nothing is done until it is well, or somebody says otherwise."""
    places.write(turn, place, None)
    places.deny(turn, place, reason)
    records.stand(turn, place, recovery.decision)
    turn.decide(
        Decision(
            turn.next_id(),
            Choice.HOLD,
            "section 5",
            recovery.rung,
            recovery.rung,
            recovery.failures,
            recovery.of,
            recovery.within,
            evidence=(recovery.reason,),
            next="nothing until it is well, or somebody says approve, retry or cleanup",
            before=max(0, recovery.failures - 1),
        ),
        f"{reason}: no {recovery.rung}",
        assembly=place.assembly,
        resource=place.resource,
        alert=True,
        of=recovery.decision,
    )


def alarm(recovery: Recovery | None) -> float | None:
    """When ``watch`` has something to do next, or a deadline of the recovery comes."""
    if recovery is None:
        return None
    if recovery.phase is Phase.ASKING:
        return None if recovery.held_since is None or recovery.alerted else recovery.held_since + HELD_ALERT
    return recovery.until


def give_back(turn: Turn, before: DeployableState) -> None:
    """Return the permits of recoveries that asked for one and are over, or ask for another."""
    if turn.version == 0:
        return
    asked = [(place, recovery.permit) for place, recovery in places.recoveries(before) if recovery.phase is Phase.ASKING]
    if not asked:
        return
    now = [recovery.permit for _, recovery in places.recoveries(turn.so_far())]
    for place, permit in asked:
        if permit not in now:
            turn.order(ReturnPermit(place.assembly, permit))

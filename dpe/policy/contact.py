"""What contact with a machine means: that it lives, that it booted anew, that it was provisioned, or that nothing can be told."""

from __future__ import annotations

from dpe.policy import bringup, evidence, gates, ladder, pauses, places, records, restarts, rungs, windows
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from dpe.policy.wording import counted
from pcloud.model.actions import Decision
from pcloud.model.events import ContactBlurred, ContactMade, GuestStopping, ProvisionFinished, StopRecorded
from pcloud.model.state import AssemblyState, Recovery
from pcloud.model.words import Choice, Desired, Mode, Phase, Rung, Stage

STARTING = "starting what runs on it"
BOOTS = {Stage.BOOTING, Stage.REBOOTING}
IN_SERVICE = {Stage.CONFIGURING, Stage.STARTING, Stage.VERIFYING, Stage.UP}


def on_made(turn: Turn, event: ContactMade) -> None:
    """We are connected."""
    name, state = event.assembly, turn[event.assembly]
    if state.stage in BOOTS and event.boot_id == state.boot_id and state.recovery is not None:
        return  # the machine that is to go down has not gone yet
    if state.silence is not None:
        lasted = f"contact again after {turn.at - state.silence.since:.0f}s"
        turn.report("contact", lasted, assembly=name, decision=records.decision_of(state, state))
    turn.update(name, contact=True, seen_at=event.at, gone_at=None, silence=None, held="", denied="", unclear="", unclear_since=None)
    if state.silence is not None or state.unclear:
        turn.update(name, reason="")
    end_of_silence(turn, name, state)
    if state.stage in BOOTS:
        turn.update(name, reason="")
        bringup.answered(turn, name, event.boot_id)
    elif state.boot_id and event.boot_id != state.boot_id and state.stage in IN_SERVICE and turn.desired is Desired.RUNNING:
        rebooted_unasked(turn, name, event.boot_id)
    else:
        turn.update(name, boot_id=event.boot_id, stopping_at=None, stopped_by="")
        evidence.forget(turn, name, doubt=False)
        in_sight_again(turn, name, state)


def in_sight_again(turn: Turn, assembly: str, before: AssemblyState) -> None:
    """What ran out while nobody could see it gets time to be seen."""
    restarts.on_contact(turn, assembly)
    if before.silence is not None and before.until is not None:
        turn.update(assembly, until=max(before.until, turn.at + turn.plan_of(assembly).monitor.silence))


def end_of_silence(turn: Turn, assembly: str, before: AssemblyState) -> None:
    """What was decided because of a silence has lost its cause: a recovery that waits, a hold, somebody's no."""
    recovery = before.recovery
    if before.silence is None or before.stage is not Stage.UP:
        return
    if recovery is not None:
        if gates.waits(recovery) or recovery.observed:
            turn.update(assembly, recovery=None, reason="")
            records.recovered(turn, Place(assembly), recovery.decision, "it answers again", rule="section 4")
    elif before.held or before.denied:
        records.recovered(turn, Place(assembly), before.decision, "it answers again", rule="section 4")
    if not before.blocked and not before.exhausted:
        turn.update(assembly, decision="")


def rebooted_unasked(turn: Turn, assembly: str, boot_id: str) -> None:
    """A boot id that changed unasked is one failure of the assembly; the reboot itself has been done already (section 3.3)."""
    state, plan = turn[assembly], turn.plan_of(assembly)
    orderly = state.stopping_at is not None
    turn.update(assembly, boot_id=boot_id, stopping_at=None, stopped_by="")
    evidence.forget(turn, assembly, doubt=True)
    if state.stage is not Stage.UP:
        bringup.failed(turn, assembly, "it rebooted by itself on its way up")
        return
    if why_not := uncounted(turn, assembly, orderly=orderly):
        excused(turn, assembly, boot_id, "it was rebooted in good order" if orderly else "it rebooted by itself", why_not)
        return
    settings = plan.recovery.reboot
    window = windows.append(state.reboots, turn.at, settings)
    if windows.escalates(window, settings, rungs.tried(state, Rung.REBOOT)):
        ladder.fail(turn, assembly, Rung.REBOOT, "it rebooted by itself")
        return
    counters = (len(window), settings.failures, settings.within)
    mode = places.mode_of(turn, Place(assembly))
    following = rungs.following(plan, state, Rung.REBOOT, len(window))
    decision = turn.decide(
        Decision(
            turn.next_id(),
            gates.intended(turn, Place(assembly), "").choice,
            "section 3.3",
            None,
            Rung.REBOOT,
            *counters,
            evidence=("its boot id is another one",),
            next=following,
            before=len(window) - 1,
        ),
        f"it rebooted by itself; {counted(*counters)}: {gates.intended(turn, Place(assembly), STARTING).doing}",
        assembly=assembly,
    )
    turn.update(assembly, reboots=window)
    if mode is not Mode.ENFORCE:
        return  # what does not run is seen to fail, and each waits for its own yes, or is observed
    gates.remember(turn, Place(assembly), Rung.REBOOT)
    take_up(turn, assembly, boot_id, Recovery(Rung.REBOOT, Phase.ACTING, None, decision, *counters, reason="it rebooted by itself"))


def excused(turn: Turn, assembly: str, boot_id: str, said: str, why_not: str) -> None:
    """It counts for nothing: what runs on the machine is started, or where nothing is to be done it is told what would be."""
    acts = not turn.root.observing
    choice, doing = (Choice.ACT, STARTING) if acts else gates.intended(turn, Place(assembly), STARTING)[:2]
    made = Decision(turn.next_id(), choice, "section 3.3", evidence=(said,), next="the next one counts, if nothing explains it")
    decision = turn.decide(made, f"{said}; {why_not}: {doing}", assembly=assembly)
    if acts:  # else each service that does not run is seen to fail, and observed
        take_up(turn, assembly, boot_id, Recovery(Rung.REBOOT, Phase.ACTING, None, decision, reason=said))


def uncounted(turn: Turn, assembly: str, *, orderly: bool) -> str:
    """Why a reboot that nobody asked us for is no failure, in words; empty if it is one."""
    if orderly:
        return "no failure"
    if not pauses.counts(turn, assembly):
        return "paused: counts for nothing"
    return "a part of the deployable's recovery" if turn.root.recovery is not None else ""


def take_up(turn: Turn, assembly: str, boot_id: str, recovery: Recovery) -> None:
    """Start what runs on a machine that has booted anew."""
    ladder.schedule(turn, assembly, recovery)
    ladder.drop_restarts(turn, assembly)  # what ran in it died with it
    bringup.answered(turn, assembly, boot_id)


def on_stopping(turn: Turn, event: GuestStopping) -> None:
    """The machine goes down in good order: for a reboot, or because somebody stops it (section 4). Our own doing is no news."""
    if turn[event.assembly].stage not in IN_SERVICE or turn.desired is not Desired.RUNNING:
        return
    turn.update(event.assembly, stopping_at=turn.at)
    turn.report("stopping", "it goes down in good order", assembly=event.assembly)


def on_stop_recorded(turn: Turn, event: StopRecorded) -> None:
    """The cloud's own record of a stop; one without a user is the hypervisor's power sync, and so a crash (section 4)."""
    if event.user:
        by = f"{event.user}{' (' + event.request + ')' if event.request else ''}"
        turn.update(event.assembly, stopped_by=by)


def on_blurred(turn: Turn, event: ContactBlurred) -> None:
    """Contact says nothing either way: no failure, and an alert when it lasts."""
    state = turn[event.assembly]
    since = state.unclear_since if state.unclear else turn.at
    turn.update(event.assembly, contact=False, silence=None, held="", unclear=event.reason, unclear_since=since, reason=event.reason)


def on_provisioned(turn: Turn, event: ProvisionFinished) -> None:
    """The provisioning script has ended."""
    if turn[event.assembly].stage is Stage.PROVISIONING and not gates.waits(turn[event.assembly].recovery):
        bringup.provisioned(turn, event.assembly, event.status, event.tail)

"""What contact with a machine means: that it lives, that it booted anew, that it was provisioned, or that nothing can be told."""

from __future__ import annotations

from dpe.policy import bringup, evidence, ladder, restarts, windows
from dpe.policy.turn import Turn
from dpe.policy.wording import counted
from pcloud.model.actions import Decision
from pcloud.model.events import ContactBlurred, ContactMade, ProvisionFinished
from pcloud.model.state import AssemblyState, Recovery
from pcloud.model.words import Choice, Desired, Phase, Rung, Stage

BOOTS = {Stage.BOOTING, Stage.REBOOTING}
IN_SERVICE = {Stage.CONFIGURING, Stage.STARTING, Stage.VERIFYING, Stage.UP}


def on_made(turn: Turn, event: ContactMade) -> None:
    """We are connected."""
    name, state = event.assembly, turn[event.assembly]
    if state.stage in BOOTS and event.boot_id == state.boot_id and state.recovery is not None:
        return  # the machine that is to go down has not gone yet
    if state.silence is not None:
        turn.report("contact", f"contact again after {turn.at - state.silence.since:.0f}s", assembly=name)
    turn.update(name, contact=True, seen_at=event.at, gone_at=None, silence=None, held="", unclear="", unclear_since=None)
    if state.silence is not None or state.unclear:
        turn.update(name, reason="")
    end_silence_recovery(turn, name, state)
    if state.stage in BOOTS:
        turn.update(name, reason="")
        bringup.answered(turn, name, event.boot_id)
    elif state.boot_id and event.boot_id != state.boot_id and state.stage in IN_SERVICE and turn.desired is Desired.RUNNING:
        rebooted_unasked(turn, name, event.boot_id)
    else:
        turn.update(name, boot_id=event.boot_id)
        evidence.forget(turn, name, doubt=False)
        in_sight_again(turn, name, state)


def in_sight_again(turn: Turn, assembly: str, before: AssemblyState) -> None:
    """What ran out while nobody could see it gets time to be seen."""
    restarts.on_contact(turn, assembly)
    if before.silence is not None and before.until is not None:
        turn.update(assembly, until=max(before.until, turn.at + turn.plan_of(assembly).monitor.silence))


def end_silence_recovery(turn: Turn, assembly: str, before: AssemblyState) -> None:
    """A recovery that waits because of a silence has lost its cause."""
    recovery = before.recovery
    if before.silence is None or recovery is None or recovery.phase is not Phase.DELAYED or before.stage is not Stage.UP:
        return
    turn.update(assembly, recovery=None, reason="")
    turn.decide(Decision("", Choice.RECOVERED, "section 4", evidence=(recovery.decision,)), "it answers again", assembly=assembly)


def rebooted_unasked(turn: Turn, assembly: str, boot_id: str) -> None:
    """A boot id that changed unasked is one failure of the assembly; the reboot itself has been done already (section 3.3)."""
    state, plan = turn[assembly], turn.plan_of(assembly)
    turn.update(assembly, boot_id=boot_id)
    evidence.forget(turn, assembly, doubt=True)
    if state.stage is not Stage.UP:
        bringup.failed(turn, assembly, "it rebooted by itself on its way up")
        return
    settings = plan.recovery.reboot
    window = windows.append(state.reboots, turn.at, settings)
    if windows.escalates(window, settings, state.recoveries):
        ladder.fail(turn, assembly, Rung.REBOOT, "it rebooted by itself")
        return
    counters = (len(window), settings.failures, settings.within)
    decision = turn.decide(
        Decision("", Choice.ACT, "section 3.3", None, Rung.REBOOT, *counters, next=ladder.following(plan, state, Rung.REBOOT, len(window))),
        f"it rebooted by itself; {counted(*counters)}: starting what runs on it",
        assembly=assembly,
    )
    ladder.schedule(turn, assembly, Recovery(Rung.REBOOT, Phase.ACTING, None, decision, *counters, reason="it rebooted by itself"))
    ladder.drop_restarts(turn, assembly)  # what ran in it died with it
    ladder.remember(turn, assembly)
    turn.update(assembly, reboots=window)
    bringup.answered(turn, assembly, boot_id)


def on_blurred(turn: Turn, event: ContactBlurred) -> None:
    """Contact says nothing either way: no failure, and an alert when it lasts."""
    state = turn[event.assembly]
    since = state.unclear_since if state.unclear else turn.at
    turn.update(event.assembly, contact=False, silence=None, held="", unclear=event.reason, unclear_since=since, reason=event.reason)


def on_provisioned(turn: Turn, event: ProvisionFinished) -> None:
    """The provisioning script has ended."""
    if turn[event.assembly].stage is Stage.PROVISIONING and not bringup.waits(turn[event.assembly].recovery):
        bringup.provisioned(turn, event.assembly, event.status, event.tail)

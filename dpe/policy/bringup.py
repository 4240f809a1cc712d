"""An assembly's way up, the same for a first launch, a reboot and a relaunch.

fence → launch → boot → provision → configure → start → verify → up; a reboot begins at boot, a change of parameters at configure.

Rules:
- Each stage has one time; its end is one failure at the rung of the recovery that is under way, and failures in between do not count.
- A soft reboot has 120 s, then it is a hard one; a reboot is verified by a new boot id (policy.md section 3.3).
- A new generation is created only after the old instance is fenced (section 6).
- What a machine needs from its dependencies (parameters) it waits for, without a clock running; a step that fails while a dependency is
  in trouble counts for nothing and is done again when that is over (section 2).
"""

from __future__ import annotations

from dpe.policy import dependencies, evidence, gates, ladder, verifying
from dpe.policy.places import Place
from dpe.policy.stages import act, enter, verify_time
from dpe.policy.taking_up import take_up, take_up_in_place
from dpe.policy.turn import Turn
from dpe.policy.wording import duration
from pcloud.model.actions import (
    ConfigureAssembly,
    Decision,
    FenceInstance,
    LaunchInstance,
    RebootAssembly,
    StartResources,
)
from pcloud.model.instance import Instance
from pcloud.model.state import Recovery, Retired
from pcloud.model.words import Choice, Health, Rung, Stage

SOFT_REBOOT = 120.0  # policy.md section 3.3
PROVISION = 1800.0  # policy.md section 1: "provisioning 30 min"
FENCE = 180.0  # a stop of ours may take an orderly shutdown's 90 s, and is read until it shows
LAUNCH = 900.0  # creation, boot of the instance at the cloud, and 120 s of listing after an ambiguous answer
CONFIGURE = 300.0  # a script that only writes configuration; policy.md's 90 s are for one service
CLOUD_CALL = 120.0  # one call and its retry


def begin(turn: Turn, assembly: str, recovery: Recovery) -> None:
    """Begin the action of a recovery whose delay is over."""
    ladder.drop_restarts(turn, assembly)
    if not recovery.reload:
        gates.remember(turn, Place(assembly), recovery.rung)
    turn.update(assembly, recovery=ladder.acting(recovery), exhausted=False, blocked="", held="", denied="", decision="", still=False)
    if recovery.rung is Rung.RESTART:
        configure(turn, assembly)  # for a changed parameter
    elif recovery.rung is Rung.REBOOT:
        reboot(turn, assembly, hard=not turn[assembly].contact)
    else:
        fence(turn, assembly)


def reboot(turn: Turn, assembly: str, *, hard: bool) -> None:
    """Order a reboot; what comes back must have another boot id."""
    state = turn[assembly]
    if state.instance is None:
        raise ValueError(f"{assembly} has no instance to reboot")
    turn.update(assembly, silence=None, stopping_at=None, stopped_by="")
    enter(turn, assembly, Stage.REBOOTING, reason=f"{'hard' if hard else 'soft'} reboot")
    act(turn, assembly, RebootAssembly(turn.next_id(), assembly, state.instance, state.boot_id, hard, CLOUD_CALL))


def rebooted(turn: Turn, action: RebootAssembly, said: str = "") -> None:
    """The cloud has accepted a reboot, or a static machine's command is done, which ``said`` something last.

    A contact with the new boot id may have come before this answer.
    """
    turn.update(action.assembly, action=None)
    state = turn[action.assembly]
    if said:
        decision = state.recovery.decision if state.recovery is not None else ""
        turn.report("evidence", f"its reboot command said: {said}", assembly=action.assembly, decision=decision)
    if state.boot_id != action.boot_id:
        answered(turn, action.assembly, state.boot_id)
    elif action.hard:
        enter(turn, action.assembly, Stage.BOOTING, until=turn.at + verify_time(turn, action.assembly), reason="hard reboot")
    else:
        turn.update(action.assembly, until=turn.at + SOFT_REBOOT)


def fence(turn: Turn, assembly: str) -> None:
    """Begin a relaunch: make sure that the old instance no longer runs."""
    state = turn[assembly]
    if state.instance is None:
        launch(turn, assembly)
        return
    enter(turn, assembly, Stage.FENCING, reason=f"fencing {state.instance.id}")
    disposable = not turn.plan_of(assembly).volumes or not state.boot_id
    act(turn, assembly, FenceInstance(turn.next_id(), assembly, state.instance, FENCE, disposable))


def fenced(turn: Turn, assembly: str, *, gone: bool = False) -> None:
    """The old instance is known to be off, or ``gone`` altogether: the next generation may come."""
    state = turn[assembly]
    was = state.instance
    old = (Retired(was.id, was.infrastructure, turn.at, gone, was.generation),) if was is not None else ()
    turn.update(assembly, action=None, instance=None, contact=False, retired=state.retired + old)
    for peer in turn.assemblies:  # what the old machine reached says nothing about what the new one will
        turn.update(peer, reached=tuple(reading for reading in turn[peer].reached if reading.peer != assembly))
    if assembly in turn.root.to_fence:
        wait_for_turn(turn, assembly)
    else:
        launch(turn, assembly)


def wait_for_turn(turn: Turn, assembly: str) -> None:
    """Down, as a part of the whole: it comes up when what it comes after is well."""
    turn.update_root(to_fence=tuple(name for name in turn.root.to_fence if name != assembly))
    recovery = turn.update(assembly, contact=False).recovery
    enter(turn, assembly, Stage.WAITING, reason=recovery.reason if recovery is not None else "")


def launch(turn: Turn, assembly: str) -> None:
    """Order the next generation, by the newest plan."""
    take_up(turn, assembly)
    generation = turn[assembly].generation + 1
    turn.update(
        assembly,
        generation=generation,
        boot_id="",
        provisioned=False,
        proven=False,
        configured=None,
        reached=(),
        unclear="",
        unclear_since=None,
        silence=None,
        stopping_at=None,
        stopped_by="",
        former=(),
    )
    for name in turn[assembly].resources:
        evidence.forget_resource(turn, assembly, name, doubt=True)
    enter(turn, assembly, Stage.LAUNCHING, reason=f"generation {generation}")
    home = turn.plan_of(assembly).infrastructure
    act(turn, assembly, LaunchInstance(turn.next_id(), assembly, generation, home, LAUNCH))


def launched(turn: Turn, assembly: str, instance: Instance) -> None:
    """There is an instance: wait for it to answer."""
    turn.update(assembly, action=None, instance=instance, zone=instance.zone, contact=False, seen_at=None, gone_at=None)
    enter(turn, assembly, Stage.BOOTING, until=turn.at + verify_time(turn, assembly), reason=f"{instance.id} at {instance.address}")


def answered(turn: Turn, assembly: str, boot_id: str) -> None:
    """The machine answers for the first time since it was launched or rebooted. An answer to the order of a reboot is waited for."""
    turn.update(assembly, boot_id=boot_id, silence=None, stopping_at=None, stopped_by="")
    if turn[assembly].action is not None:
        return
    if turn[assembly].exhausted and turn[assembly].recovery is None:
        ladder.try_once_more(turn, assembly)
    for name in turn[assembly].resources:
        evidence.forget_resource(turn, assembly, name, doubt=True)
    if turn[assembly].provisioned:
        configure(turn, assembly)
    else:
        enter(turn, assembly, Stage.PROVISIONING, until=turn.at + PROVISION)


def provisioned(turn: Turn, assembly: str, status: int, tail: str) -> None:
    """The provisioning script has ended."""
    if status != 0:
        failed(turn, assembly, f"provisioning ended with {status}: {tail.strip() or 'it printed nothing'}")
        return
    turn.update(assembly, provisioned=True)
    configure(turn, assembly)


def configure(turn: Turn, assembly: str) -> None:
    """Wait for the parameters, then configure and start, by the newest plan if this machine can be made to fit it."""
    take_up_in_place(turn, assembly)
    enter(turn, assembly, Stage.CONFIGURING)
    advance_configuring(turn, assembly)


def advance_configuring(turn: Turn, assembly: str) -> None:
    """Go on as soon as every dependency is well and every parameter has a value."""
    state, plan = turn[assembly], turn.plan_of(assembly)
    given_up = state.blocked or (state.exhausted and state.recovery is None)
    if state.action is not None or gates.waits(state.recovery) or given_up or not state.contact:
        return
    values, waiting = dependencies.parameters(turn, assembly), dependencies.trouble(turn, assembly)
    if waiting or values is None:
        turn.update(assembly, reason=f"waiting for {waiting or 'its parameters'}")
        return
    if not plan.configure:
        configured(turn, assembly, values)
        return
    turn.update(assembly, reason="")
    if state.instance is None:
        raise ValueError(f"{assembly} has no instance to configure")
    act(turn, assembly, ConfigureAssembly(turn.next_id(), assembly, state.instance.generation, values, CONFIGURE))


def configured(turn: Turn, assembly: str, values: tuple[tuple[str, str], ...]) -> None:
    """Its configuration has these values now: start what runs by it."""
    turn.update(assembly, action=None, configured=values)
    state, plan = turn[assembly], turn.plan_of(assembly)
    names = tuple(each.name for each in plan.resources if each.agent is not None)
    if not (names or state.former) or state.instance is None:
        verifying.verify(turn, assembly)
        return
    again = state.recovery is not None and state.recovery.rung is Rung.RESTART
    patience = time_to_start(turn, assembly, names, again=again)
    enter(turn, assembly, Stage.STARTING)
    act(turn, assembly, StartResources(turn.next_id(), assembly, state.instance.generation, names, patience, again, state.former))


def time_to_start(turn: Turn, assembly: str, names: tuple[str, ...], *, again: bool = False) -> float:
    """Seconds for starting these services, ``again`` with a stop before each, and for stopping what runs by an older plan."""
    stops = sum(each.action_limit for each in turn[assembly].former)
    starts = sum(turn.resource_plan(assembly, name).action_limit for name in names)
    return stops + starts * (2 if again else 1)


def failed(turn: Turn, assembly: str, reason: str) -> None:
    """This way up has failed: one failure at the rung of the recovery under way; a reconfiguration's next rung is the reboot."""
    turn.update(assembly, action=None, until=None)
    if excused(turn, assembly, reason):
        return
    state = turn[assembly]
    rung = state.recovery.rung if state.recovery is not None else Rung.REBOOT
    if state.instance is None or not state.provisioned:
        rung = Rung.RELAUNCH
    ladder.fail(turn, assembly, Rung.REBOOT if rung is Rung.RESTART else rung, reason, rule="section 3.3")


def excused(turn: Turn, assembly: str, reason: str) -> bool:
    """Whether a dependency explains the failure of a step in the guest; then what follows configuring is done again when that is over."""
    by, state = dependencies.trouble(turn, assembly), turn[assembly]
    if not by or not state.contact or state.stage not in {Stage.CONFIGURING, Stage.STARTING, Stage.VERIFYING}:
        return False
    carried = state.recovery.decision if state.recovery is not None else state.decision
    made = Decision(
        turn.next_id(), Choice.SUPPRESS, "section 2", evidence=(reason,), next=f"it is configured and started again when {by} is well"
    )
    turn.decide(made, f"{reason}; suppressed by {by}", assembly=assembly, of=carried)
    if state.recovery is not None:
        turn.update(assembly, recovery=ladder.acting(state.recovery))
    enter(turn, assembly, Stage.CONFIGURING, reason=f"waiting for {by}")
    return True


def ran_out(turn: Turn, assembly: str) -> None:
    """The stage's time is over."""
    state = turn[assembly]
    took = duration(turn.at - state.since)
    match state.stage:
        case Stage.REBOOTING:
            turn.update(assembly, contact=False)
            reboot(turn, assembly, hard=True)
        case Stage.BOOTING:
            failed(turn, assembly, state.unclear or f"no answer {took} after its {'reboot' if state.provisioned else 'launch'}")
        case Stage.PROVISIONING:
            failed(turn, assembly, f"provisioning was not done after {took}")
        case _:
            ill = [name for name, each in state.resources.items() if each.health is not Health.HEALTHY]
            why = "; ".join(f"{name}: {state.resources[name].reason or 'no answer'}" for name in ill)
            failed(turn, assembly, f"not healthy after {took}: {why}")

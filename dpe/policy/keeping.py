"""What is kept of an instance before it is replaced (policy.md section 6): its console's end and its last probes, in one event.

Rules: an event is stored, sent and listed whole, so that each part of it has a bound; what the log shows of it is one line.
"""

from __future__ import annotations

from dpe.policy.turn import Turn
from pcloud.model.actions import Report
from pcloud.model.evidence import Evidence, LastProbe
from pcloud.model.instance import Instance
from pcloud.model.state import AssemblyState, ProbeState
from pcloud.model.words import Verdict

CONSOLE = 8192  # characters: the last screens of a kernel's panic or a boot that failed, and still a small event
PROBES = 100  # more services than a machine has
REASON = 300  # characters of a probe's reason: a line or two
LAST_LINE = 200  # characters of the console's last line, for the log

KIND = "evidence"


def keep(turn: Turn, name: str, *, console: str, gone: bool) -> None:
    """Write down what is known of the assembly's instance."""
    state = turn[name]
    if state.instance is None:
        return
    recovery = state.recovery
    found = evidence(turn.at, state, state.instance, console=console[-CONSOLE:].strip(), gone=gone)
    decision = recovery.decision if recovery is not None else ""
    turn.order(Report(KIND, name, reason=summary(found), decision=decision, evidence=found))


def evidence(at: float, state: AssemblyState, instance: Instance, *, console: str, gone: bool) -> Evidence:
    """What is known at this moment."""
    return Evidence(
        instance.id,
        instance.infrastructure,
        instance.generation,
        instance.address,
        state.recovery.reason if state.recovery is not None else state.reason,
        console,
        tuple(each for name in state.resources for each in last_probes(at, state, name))[:PROBES],
        unseen(state),
        gone,
    )


def unseen(state: AssemblyState) -> float | None:
    """Seconds without a sign of life when its fence began; that it falls silent while we stop it is no news."""
    return None if state.contact or state.seen_at is None or state.seen_at >= state.since else state.since - state.seen_at


def last_probes(at: float, state: AssemblyState, name: str) -> list[LastProbe]:
    """Those of one resource; where none has said anything since the last reset, what was last thought of it."""
    resource = state.resources[name]
    if not resource.probes:
        return [LastProbe(name, "", Verdict.UNKNOWN, resource.reason[:REASON], at - resource.since)]
    return [LastProbe(name, key, standing(each), each.reason[:REASON], at - each.since) for key, each in resource.probes.items()]


def standing(probe: ProbeState) -> Verdict:
    """What it said last, where that was not enough yet to turn its verdict."""
    return Verdict.MISSED if probe.verdict is Verdict.PASSED and probe.misses else probe.verdict


def summary(found: Evidence) -> str:
    """One line of it."""
    ill = [each for each in found.probes if each.verdict is not Verdict.PASSED]
    said = [f"its console ended with: {last_line(found.console)}"] if found.console else []
    said += [f"{len(ill)} of {len(found.probes)} probes did not pass"] if found.probes else []
    whole = f"what {found.instance_id} of generation {found.generation} said last is kept"
    return f"{whole}; {'; '.join(said)}" if said else whole


def last_line(text: str) -> str:
    """The last line with anything in it."""
    return next((line.strip()[:LAST_LINE] for line in reversed(text.splitlines()) if line.strip()), "")

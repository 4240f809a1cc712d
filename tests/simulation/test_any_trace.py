"""Whatever a trace says, it comes to an end, and to rest (policy.md section 9)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dpe.policy.summary import deployable_word
from pcloud.model.plan import DeployablePlan
from pcloud.simulation.run import Simulation, simulate
from pcloud.simulation.trace import read_trace
from tests.simulation.plans import SPECS, plan_of

AT_REST = {"healthy", "held", "blocked", "exhausted"}
STEPS = (0, 1, 5, 60, 61, 300, 4000)  # seconds between two lines: at once, around the silence, and long after
EXTENTS = ("", " until never", " until reboot", " until relaunch", " for 90s", " until never for 20m")
DEEDS = ("restart", "reboot", "relaunch", "stop")
STATUSES = ("ACTIVE", "SHUTOFF", "ERROR", "ABSENT", "PAUSED")


@st.composite
def lines(draw: st.DrawFn, plan: DeployablePlan) -> str:
    """One line, without its time."""
    machine = draw(st.sampled_from(plan.assemblies))
    service = f"{machine.name}/{draw(st.sampled_from(machine.resources)).name}"
    extent = draw(st.sampled_from(EXTENTS))
    return draw(
        st.sampled_from(
            [
                f"fail {service}{draw(st.sampled_from(('', ' soft')))}{extent}",
                f"pass {service}",
                f"pass {machine.name}",
                f"silent {machine.name}{extent}",
                f"cloud {machine.name} {draw(st.sampled_from(STATUSES))}",
                f"external-stop {machine.name}",
                f"cloud-api {draw(st.sampled_from(('down', 'up')))}",
                f"anchors {draw(st.sampled_from(('down', 'up')))}",
                f"action {draw(st.sampled_from(DEEDS))} {draw(st.sampled_from(('hangs', 'fails', 'works')))}",
                "stall 45s",
                "pause 10m",
                "approve",
                f"confirm-dead {machine.name}",
            ]
        )
    )


@st.composite
def traces(draw: st.DrawFn) -> tuple[DeployablePlan, str]:
    plan = plan_of(draw(st.sampled_from(sorted(path.stem for path in SPECS.glob("*.yaml")))))
    at, text = 0, []
    for line in draw(st.lists(lines(plan), max_size=12)):
        at += draw(st.sampled_from(STEPS))
        text.append(f"{at} {line}")
    return plan, "\n".join(text)


@given(traces())
def test_a_trace_comes_to_rest_in_order(case: tuple[DeployablePlan, str]) -> None:
    plan, text = case
    simulation = Simulation(plan, jitter=0.25)
    simulation.come_up()
    simulation.follow(read_trace(text, plan), None)
    moments = [record.at for record in simulation.controller.ledger.records]
    assert moments == sorted(moments)
    assert deployable_word(simulation.controller.state) in AT_REST


@given(traces())
def test_where_nothing_is_wrong_any_more_all_is_healthy_or_somebody_must_see_to_it(case: tuple[DeployablePlan, str]) -> None:
    plan, text = case
    last = max((float(line.split()[0]) for line in text.splitlines()), default=0.0)
    works = [f"{last} action {deed} works" for deed in DEEDS]
    passes = [f"{last} pass {each.name}" for each in plan.assemblies]
    end = [f"{last} cloud-api up", f"{last} anchors up", *works, *passes]
    simulation = Simulation(plan, jitter=0.25)
    simulation.come_up()
    simulation.follow(read_trace("\n".join([text, *end]), plan), last + 86400.0)
    assert deployable_word(simulation.controller.state) in AT_REST


def test_the_same_trace_gives_the_same_decisions() -> None:
    plan = plan_of("wordpress")
    trace = read_trace("0 fail web/apache until reboot\n10 silent mysql until relaunch\n400 fail web/site soft", plan)
    assert simulate(plan, trace) == simulate(plan, trace)

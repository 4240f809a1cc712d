"""``pcloud deployable reload``, and ``start`` of a spec of what is there already: the plan first, then a yes, then the smallest change.

Rules: what is shown is what is done: the spec is read once, and its plan is refused when the deployable was changed meanwhile. Nothing that
runs is touched without a yes; without a terminal that is --yes.
"""

from __future__ import annotations

from pcloud.cli.asking import expect_yes
from pcloud.cli.going import go
from pcloud.cli.options import Output
from pcloud.cli.output import emit
from pcloud.client import Client
from pcloud.errors import RefusedError
from pcloud.model.words import Desired
from pcloud.records.reloading import ReloadPlan
from pcloud.records.requests import SpecUpload
from pcloud.records.status import DeployableStatus
from pcloud.screen.console import Screen
from pcloud.screen.reloading import plan_lines


def reload(client: Client, plan: ReloadPlan, upload: SpecUpload, timeout: float | None, output: Output, *, yes: bool, wait: bool) -> None:
    """Have a plan that was shown done, after a yes, and follow it."""
    status = done(client, plan, upload, yes=yes)
    table = output is Output.TABLE
    if table and not plan.changes and status.state not in {"healthy", "stopped", "reloading"}:
        Screen(stderr=True).say(f"{plan.name} is {status.state}; `pcloud deployable status {plan.name}` shows why")
    if status.desired == Desired.STOPPED:
        if table and plan.changes:
            Screen().say(f"{plan.name} goes by {upload.path} at its next start")
    elif plan.changes or status.state == "reloading":
        go(client, status, Desired.RUNNING, timeout, output, wait=wait, told=False)


def show(screen: Screen, plan: ReloadPlan, path: str, output: Output = Output.TABLE) -> None:
    """Write the plan; that there is nothing to do, where it has no change."""
    if output is not Output.TABLE:
        emit(screen, output, plan, list)
    elif plan.changes:
        screen.say_all(plan_lines(plan, path))
    else:
        screen.say(f"{plan.name} is what {path} says: nothing to do")


def done(client: Client, plan: ReloadPlan, upload: SpecUpload, *, yes: bool) -> DeployableStatus:
    """Ask, if anything runs that may be touched, and have it done; how it stands then. RefusedError without a yes."""
    if plan.changes and plan.desired != Desired.STOPPED and not yes:
        expect_yes(
            f"Change {plan.name} like this?", without=f"{plan.name} is changed only with a yes", otherwise=f"{plan.name} is left as it is"
        )
    return client.reload(plan.name, upload, version=plan.version)


def registered(client: Client, upload: SpecUpload, output: Output, *, yes: bool) -> str:
    """Register a deployable, or reload the one that is there; its name."""
    try:
        return client.create(upload).name
    except RefusedError:  # it is there, with another spec
        name = client.check(upload)
        plan = client.plan(name, upload)
        if plan.changes:
            show(Screen(stderr=output is not Output.TABLE), plan, upload.path)
        done(client, plan, upload, yes=yes)
        return name

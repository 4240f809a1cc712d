"""A reload's plan as people read it: what joins, leaves and changes, and what is done for it.

Rules: pure; an assembly on a line of its own, its settings below it; nothing is shown in colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from pcloud.records.reloading import ReloadChange, ReloadPlan, ReloadSetting
from pcloud.screen.format import clean

STYLES = {"+": "green", "-": "red", "~": "yellow"}

WIDE = 70  # characters of both values that stay on one line
NOT_THERE = "left out; it has no machine"
EFFECTS = {
    "nothing": "nothing is disturbed",
    "reconnect": "connected to again; nothing is disturbed",
    "restart": "only these services are stopped and started",
    "configure": "configured again, and its services restarted",
    "relaunch": "relaunched: a new machine, with its volumes",
    "replace": "stopped, and started as another machine",
    "launch": "launched",
    "destroy": "stopped and destroyed, when all else is well",
}


def plan_lines(plan: ReloadPlan, path: str) -> Iterator[Text]:
    """The whole plan."""
    if plan.desired == "stopped":
        yield Text(clean(f"{plan.name} is stopped: only its stored spec becomes that of {path}"))
    else:
        yield Text(clean(f"To make {plan.name} what {path} says:"))
    yield Text()
    wide = max((len(each.target) for each in plan.changes), default=0)
    for change in plan.changes:
        yield from change_lines(change, wide, stopped=plan.desired == "stopped")
    for warning in plan.warnings:
        yield Text(clean(f"warning: {warning}"), "yellow")
    yield Text(summary(plan))


def change_lines(change: ReloadChange, wide: int, *, stopped: bool) -> Iterator[Text]:
    """One assembly, and what differs."""
    line = Text(f"{change.sign} ", STYLES[change.sign]).append(clean(change.target).ljust(wide), "bold")
    effect = NOT_THERE if change.sign == "-" and change.effect == "nothing" else EFFECTS.get(change.effect, change.effect)
    yield line if stopped else line.append(f"  {effect}", "not bold default")
    width = max((len(each.setting) for each in change.settings), default=0)
    for each in change.settings:
        yield from setting_lines(each, width)


def setting_lines(each: ReloadSetting, width: int) -> Iterator[Text]:
    """``image  debian-12 → debian-13``; long values below each other."""
    head = Text(f"    {each.sign} ", STYLES[each.sign]).append(clean(each.setting).ljust(width), "default")
    asks = Text("" if each.effect == "nothing" else f"  ({each.effect})", "dim")
    if each.sign == "~" and each.from_ != each.to and len(each.from_) + len(each.to) > WIDE:
        yield head.append(asks)
        yield Text("        - ", STYLES["-"]).append(clean(each.from_), "default")
        yield Text("        + ", STYLES["+"]).append(clean(each.to), "default")
        return
    value = each.to if each.sign == "+" else each.from_ if each.sign == "-" else f"{each.from_ or 'none'} → {each.to or 'none'}"
    if each.sign == "~" and each.from_ == each.to:
        value = f"{each.to}, with other content"
    yield head.append(f"  {clean(value)}", "default").append(asks)


def summary(plan: ReloadPlan) -> str:
    """One sentence of figures."""
    signs = [each.sign for each in plan.changes]
    if plan.desired == "stopped":
        return f"{signs.count('+')} to add, {signs.count('~')} to change, {signs.count('-')} to remove."
    disturbed = sum(each.sign == "~" and each.effect not in {"nothing", "reconnect"} for each in plan.changes)
    quiet = signs.count("~") - disturbed
    return f"{signs.count('+')} to launch, {disturbed} to disturb, {quiet} to change as it runs, {signs.count('-')} to destroy."

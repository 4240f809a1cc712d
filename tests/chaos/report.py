"""What a run came to, as text and as the table for the documentation."""

from __future__ import annotations

import json
import math
import os
import platform
import textwrap
import time
from collections import Counter
from pathlib import Path

from tests.chaos.applications import SCALE, Scale, applications
from tests.chaos.bounds import recovered_within
from tests.chaos.evidence import Evidence
from tests.chaos.figures import needless, recoveries, rows
from tests.chaos.judge import Finding, Judge, fenced
from tests.chaos.kinds import BY_NAME, Harm
from tests.chaos.run import Result


def told(finding: Finding) -> str:
    """All that is known of something that must not be."""
    when = "at the end" if math.isinf(finding.at) else f"at {finding.at:.1f}"
    lines = [f"{finding.rule} {when}: {finding.target}: {finding.text}".replace(": :", ":")]
    lines += [f"    on: {fault}" for fault in finding.faults]
    return "\n".join([*lines, f"    {finding.record}"] if finding.record else lines)


def table(result: Result) -> str:
    """Faults by kind: those that harm with their times, the others, of which no recovery may come, in one sentence."""
    lines = ["| fault | struck | noticed after (median / p95 / max) | well after |", "|---|---|---|---|"]
    quiet = []
    for row in rows(result.pcloud):
        if BY_NAME[row.kind].harm is Harm.NONE:
            quiet.append(f"{row.kind} {row.struck}")
        else:
            lines.append(f"| {row.kind} | {row.struck} | {row.detected or ''} | {row.recovered or ''} |")
    said = f"Struck as well, and no recovery may come of them: {', '.join(quiet)}."
    return "\n".join([*lines, "", *textwrap.wrap(said, 140, break_on_hyphens=False)])


def counts(result: Result, findings: list[Finding]) -> str:
    """The figures that must be nothing, beside the twin's."""
    rules = Counter(finding.rule for finding in findings)
    own, twin = result.pcloud, result.naive
    wrong = rules["healthy machine touched"] + rules["acted while paused"] + rules["cap"]
    doubles = rules["two generations"] + rules["two of a generation"] + rules["twin not stopped"]
    waiting = sum(fenced(words) for words in own.unrecovered.values())
    left = rules["stray"] + rules["volume"] + rules["died by itself"]
    vain = len(needless(twin, result.actions, applications())) if twin else "-"
    done = ", ".join(f"{number} {what}" for what, number in sorted(recoveries(own).items()))
    lines = [
        "| | pcloud | naive twin |",
        "|---|---|---|",
        f"| faults | {sum(not each.missed for each in own.struck)} | {sum(not each.missed for each in twin.struck) if twin else '-'} |",
        f"| recoveries | {done} | {len(result.actions)} made anew |",
        f"| wrong actions | {wrong} | {vain} needless |",
        f"| machines running twice | {doubles} | {len(twin.doubles) if twin else '-'} |",
        f"| acknowledged records lost | {rules['lost record']} | |",
        f"| unrecovered | {rules['unrecovered']} | |",
        f"| `blocked: fence`, as demanded | {waiting} | |",
        f"| strays, volumes, deaths | {left} | |",
        f"| well after the last fault | {own.settled:.0f} s of {recovered_within():.0f} | |",
    ]
    return "\n".join(lines)


def scale() -> str:
    return ", ".join(f"{field} {getattr(SCALE, field):g} s" for field in Scale.__slots__)


def machine() -> str:
    return f"{os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[1]:.1f}"


def whole(result: Result, seed: int, minutes: float, findings: list[Finding]) -> str:
    """All of it."""
    machines = sum(len(each.parts) for each in applications())
    size = f"{len(applications())} deployables, {machines} machines"
    head = f"{time.strftime('%Y-%m-%d')}, seed {seed}, {minutes:g} minutes, {size}; {machine()}"
    started = f"the daemon was started {result.starts} times; all was up after {result.up:.0f} s; times of the specs: {scale()}"
    parts = [head, started, table(result), counts(result, findings)]
    if findings:
        parts.append(f"{len(findings)} findings (seed {seed}):\n" + "\n".join(map(told, findings)))
    return "\n\n".join(parts) + "\n"


def judged(evidence: Evidence) -> list[Finding]:
    return Judge(evidence, applications()).findings()


def save(directory: Path, result: Result, text: str) -> None:
    """The report, and the events with their stamps, for whoever looks into a finding."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "report.md").write_text(text)
    with (directory / "events.jsonl").open("w") as file:
        for line in result.pcloud.lines:
            file.write(json.dumps([line.stamp, line.seq, line.target, line.kind, line.before, line.after, line.reason, line.record]) + "\n")

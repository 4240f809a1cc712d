"""An audit in lines: what was found, what became of it, and the verdict.

Rules: pure; what a cloud said is cleaned before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from pcloud.model.words import Belonging
from pcloud.records.auditing import AuditFinding, Cleaned, InfrastructureAudit, ThingKind
from pcloud.screen.columns import columns
from pcloud.screen.format import clean

HEADER = ("WHAT", "OF", "STATE", "FOUND", "WHY")
STYLES = {Belonging.STRAY: "bold red", Belonging.HIGHER: "bold red", Belonging.FOREIGN: "dim", Belonging.OURS: ""}


def audit_lines(audits: Sequence[InfrastructureAudit], width: int) -> Iterator[Text]:
    """What each infrastructure has that is not ours, and a verdict for each."""
    rows = [_row(each) for audit in audits for each in audit.found]
    if rows:
        yield from columns(HEADER, rows, width)
    for audit in audits:
        yield from (_cleaned(each) for each in audit.cleaned)
        yield _verdict(audit)
        if any(each.belonging is Belonging.STRAY for each in audit.found):
            command = f"pcloud infrastructure audit {clean(audit.name)} --clean"
            yield Text(f"`{command}` deletes stray instances, ports and addresses, and with --volumes stray volumes too")


def _row(found: AuditFinding) -> list[Text | str]:
    standing = Text(found.belonging, STYLES[found.belonging])
    return [clean(f"{found.kind} {found.id}"), clean(found.whose), clean(found.status), standing, clean(found.reason)]


def _cleaned(cleaned: Cleaned) -> Text:
    thing = clean(f"{cleaned.kind} {cleaned.id}")
    if cleaned.done:
        return Text(f"{thing}: {clean(cleaned.said)}")
    return Text(f"{thing} is not deleted: {clean(cleaned.said)}", "bold red")


def _verdict(audit: InfrastructureAudit) -> Text:
    name, looked = clean(audit.name), _looked(audit)
    if audit.clean:
        return Text(f"{name} is clean: nothing strays among {looked}", "green")
    strays = [each for each in audit.found if each.belonging is Belonging.STRAY]
    higher = sum(each.belonging is Belonging.HIGHER for each in audit.found)
    kinds = {kind: sum(each.kind is kind for each in strays) for kind in ThingKind}
    parts = [f"{counted(number, f'stray {kind}')}" for kind, number in kinds.items() if number]
    parts += [f"{counted(higher, 'instance')} of a higher generation than ours"] if higher else []
    return Text(f"{name}: {', '.join(parts)} among {looked}", "bold red")


def _looked(audit: InfrastructureAudit) -> str:
    """What there was to look at; ports where there are any, for many clouds have none."""
    things = [counted(audit.instances, "instance"), counted(audit.volumes, "volume")]
    things += [counted(audit.ports, "port")] if audit.ports else []
    return f"{', '.join(things[:-1])} and {things[-1]} with tags"


def counted(number: int, thing: str) -> str:
    """The number with its noun."""
    if number == 1:
        return f"1 {thing}"
    return f"{number} {thing}{'es' if thing.endswith('s') else 's'}"

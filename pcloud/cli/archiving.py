"""``pcloud events --archive``: stored events into a file, one JSON object a line, before the store drops what is too old.

Rules: the file is there when it is whole and durable, or not at all; one that is there is never replaced.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pcloud.cli.backup import refuse_taken, whole_file
from pcloud.cli.options import read_moment
from pcloud.cli.output import as_json
from pcloud.client import Client

ArchiveOption = Annotated[
    Path | None,
    typer.Option("--archive", metavar="FILE", help="Write what is stored into a new file, one JSON object a line.", show_default=False),
]
BeforeOption = Annotated[
    datetime | None,
    typer.Option("--before", parser=read_moment, metavar="WHEN", help="With --archive: only what is older than this."),
]

PAGE = 1000  # the most that the API gives at once


def archive(client: Client, file: Path, target: str, since: datetime | None, before: datetime | None, kind: str) -> dict[str, Any]:
    """Write what is stored of before that moment; what was written. RefusedError where the file exists."""
    refuse_taken(file)
    count, last = 0, 0
    with whole_file(file, replace=False) as new:
        while page := client.events(after=last, limit=PAGE, target=target, since=since, kind=kind):
            fits = [event for event in page if before is None or event.at < before]
            new.writelines(f"{as_json(event)}\n".encode() for event in fits)
            count, last = count + len(fits), page[-1].seq
    return {"file": str(file.absolute()), "events": count}

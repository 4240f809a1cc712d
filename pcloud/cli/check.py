"""``pcloud deployable check``: judges a spec here, without a daemon.

Rules: every problem on a line of its own, ``FILE:LINE:COL: path: message; cure``, as compilers do it; exit code 1 if there is any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.text import Text

from pcloud.cli.options import Output
from pcloud.cli.output import emit
from pcloud.client.spec_files import read_spec
from pcloud.model.plan import DeployablePlan
from pcloud.records.requests import ProblemPlace
from pcloud.screen.console import Screen
from pcloud.spec.loading import load
from pcloud.spec.planning import plan
from pcloud.spec.problems import SpecError
from pcloud.spec.warnings import warnings


def check_file(file: str, output: Output) -> None:
    """Write what is wrong in the spec, or what it describes; SpecError."""
    upload = read_spec(file)
    try:
        found = plan(load(upload.source, path=upload.path, files=upload.files))
    except SpecError as error:
        if output is Output.TABLE:
            raise
        emit(Screen(), output, _verdict(None, error), list)
        raise typer.Exit(error.exit_code) from error
    emit(Screen(), output, _verdict(found.name, None, list(warnings(found))), lambda: _lines(file, found))


def _lines(file: str, found: DeployablePlan) -> list[Text]:
    return [*(Text(f"{file}: warning: {one}") for one in warnings(found)), Text(f"{file}: {_summary(found)}")]


def _verdict(name: str | None, error: SpecError | None, warned: Sequence[str] = ()) -> dict[str, Any]:
    places = [ProblemPlace.model_validate(one, from_attributes=True) for one in (error.problems if error else ())]
    return {"name": name, "problems": places, "warnings": list(warned)}


def _summary(found: DeployablePlan) -> str:
    resources = sum(len(one.resources) for one in found.assemblies)
    return (
        f"deployable {found.name}, {_count(len(found.assemblies), 'assembly', 'assemblies')}, {_count(resources, 'resource', 'resources')}"
    )


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"

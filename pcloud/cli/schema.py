"""``pcloud schema``: the spec format as a JSON schema, for editors; needs no daemon."""

from __future__ import annotations

from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import as_json, as_yaml
from pcloud.screen.console import Screen


def schema(output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Print the JSON schema of spec files, by which editors complete and check them while you write. No daemon is needed.

    Save it beside your specs, and name it in their first line: # yaml-language-server: $schema=pcloud.schema.json
    """
    from pcloud.spec.json_schema import json_schema  # noqa: PLC0415 - brings networkx, which would slow down every other command

    made = json_schema()
    Screen().raw(as_yaml(made) if chosen(output, json) is Output.YAML else as_json(made, indent=2))

"""The JSON schema for editors: takes whatever the loader takes, and refuses the mistakes that it can see."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from pcloud.cli.main import run
from pcloud.spec.document import read
from pcloud.spec.json_schema import AGENTS, DRAFT, json_schema
from pcloud.spec.loading import is_environment
from pcloud.spec.meanings import MEANINGS
from pcloud.spec.problems import SpecError
from pcloud.spec.translating import judged
from tests.spec.examples import DATA, SOUND, changed, loaded, mistakes
from tests.spec.test_mistakes import TABLE
from tests.spec.trees import TREES

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema()
VALIDATOR = Draft7Validator(SCHEMA)

SPECS = [DATA / "wordpress.yaml", DATA / "others.yaml", ROOT / "pcloud/demo/wordpress.yaml", *ROOT.glob("tests/scenarios/specs/*")]
PAGE = (ROOT / "docs/spec.md").read_text()
EXAMPLES = {
    **{str(path.relative_to(ROOT)): path.read_text() for path in SPECS},
    **{
        str(path.relative_to(ROOT)): path.read_text()
        for path in [ROOT / "pcloud/demo/wordpress.yaml", *ROOT.glob("tests/scenarios/specs/*")]
    },
    **{
        f"docs/spec.md #{n}": text
        for n, text in enumerate(re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/spec.md").read_text(), re.DOTALL))
    },
}


def refusals(source: str) -> list[str]:
    """What an editor would underline: the paths, and why."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(read(source, "").data)]  # dates are text to editors


def test_it_is_a_schema_of_the_draft_that_editors_know() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DRAFT
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA == json_schema()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_taken(name: str) -> None:
    assert refusals(EXAMPLES[name]) == []


def structural() -> list[str]:
    """The sources of the table of mistakes that are YAML, and that one key or mapping alone shows to be wrong."""
    found = []
    for old, new, _, _ in TABLE:
        try:
            document = read(changed(old, new), "", is_environment)
        except SpecError:
            continue
        if not document.problems and judged(document)[1]:
            found.append(changed(old, new))
    return found


@pytest.mark.parametrize("source", structural())
def test_a_mistake_of_structure_is_refused_by_both(source: str) -> None:
    [(_, said)] = mistakes(source)
    assert refusals(source) or any(word in said for word in BEYOND), said


BEYOND = (
    "is not an address",  # each part of it a number below 256
    "is too short",  # a duration in any unit
    "a window of no length",  # likewise
    "a command check runs inside",
)
"""What a pattern cannot say. The loader does."""


@given(TREES, st.randoms(use_true_random=False))
def test_whatever_the_loader_takes_is_taken(tree: object, choice: random.Random) -> None:
    data = yaml.safe_load(SOUND)
    spot, keys = data, list(data)
    while True:
        key = choice.choice(keys)
        inner = spot[key]
        if not isinstance(inner, dict | list) or not inner or choice.random() < 0.2:
            break
        spot, keys = inner, list(inner) if isinstance(inner, dict) else list(range(len(inner)))
    spot[key] = tree
    source = yaml.safe_dump(data)
    try:
        loaded(source)
    except SpecError:
        return
    assert refusals(source) == []


@pytest.mark.parametrize("kind", [*AGENTS, "upstart"])
def test_an_agent_that_nobody_knows_is_refused_by_both(kind: str) -> None:
    source = changed("systemd:mariadb", f"{kind}:mariadb")
    unknown = any("is not a resource agent" in said for _, said in mistakes(source))
    assert unknown == bool(refusals(source)) == (kind not in AGENTS)


VALUES = {
    "interval": ["5s", "10m", "1h30m", "250ms", "90", 90, 2.5, " 5s "],
    "failures": [1, -1, "INFINITY", "inf", 1000000],
}


@pytest.mark.parametrize("value", VALUES["interval"])
def test_every_way_to_write_a_duration_is_taken(value: object) -> None:
    source = changed("    after: [mysql]", f"    after: mysql\n    monitor: {{interval: {json.dumps(value)}}}")
    assert (mistakes(source), refusals(source)) == ([], [])


@pytest.mark.parametrize("value", VALUES["failures"])
def test_every_way_to_write_a_number_of_failures_is_taken(value: object) -> None:
    rung = f"{{failures: {json.dumps(value)}, delay: 0}}"
    source = changed("    after: [mysql]", f"    after: mysql\n    recovery: {{reboot: {rung}}}")
    assert (mistakes(source), refusals(source)) == ([], [])


def test_every_key_says_what_it_means() -> None:
    mappings = {"DeployableKeys": SCHEMA, **SCHEMA["definitions"]}
    silent = {
        f"{name}.{key}"
        for name, mapping in mappings.items()
        for key, value in mapping.get("properties", {}).items()
        if not value.get("description")
    }
    assert silent == set()
    assert set(MEANINGS) <= set(mappings)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    assert run(["schema", "-o", "yaml"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == SCHEMA

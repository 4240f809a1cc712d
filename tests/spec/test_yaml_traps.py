"""What YAML makes of slips: each is told with what would be right, or does what its writer meant."""

from __future__ import annotations

import pytest

from tests.spec.examples import SOUND, changed, loaded, mistakes

WEB = "    after: [mysql]"

TRAPS = [
    # old, new, line, text
    ("infrastructure: lab", "infrastructure: no", 2, "infrastructure: no (to YAML it is false) is not text; put it in quotes"),
    (WEB, f"{WEB}\n    monitor: {{user: on}}", 12, "monitor.user: on (to YAML it is true) is not text; put it in quotes"),
    (WEB, f"{WEB}\n    monitor: {{user: True}}", 12, "monitor.user: True is not text; put it in quotes"),
    (WEB, f"{WEB}\n    size: 1.10", 12, "web.size: 1.10 is not text; put it in quotes"),
    (WEB, f"{WEB}\n    networks: 1_000", 12, "web.networks: 1_000 is not text; put it in quotes"),
    (WEB, f"{WEB}\n    monitor: {{interval: 1:30}}", 12, "monitor.interval: 1:30 is 90 to YAML, in base 60; write a duration as 1m30s"),
    (WEB, f"{WEB}\n    monitor: {{interval: 1:30.5}}", 12, "monitor.interval: 1:30.5 is 90.5 to YAML, in base 60"),
    (WEB, f"{WEB}\n    recovery: {{keep_failed: 010}}", 12, "keep_failed: 010 is 8 to YAML, in base 8; leave out the zero"),
    (WEB, f"{WEB}\n    data: ~", 12, "web.data: is empty; give it a value, or leave the key out"),
    (WEB, f"{WEB}\n    data: !!python/name:os.system x", 12, "web.data: has the tag tag:yaml.org,2002:python/name:os.system"),
    (WEB, f"{WEB}\n    after: [mysql]", 12, 'web.after: "after" is there twice, first in line 11; keep one of them'),
    (WEB, "    \tafter: [mysql]", 11, "indent with spaces, never with tabs"),
    ("  web:", "  web: # one\n    spread: true\n  web:", 11, 'assemblies.web: "web" is there twice, first in line 9'),
    (
        "deployable: shop",
        "deployable: my.shop",
        1,
        'deployable: "my.shop" is not a name; a name is lower-case letters, digits and inner hyphens',
    ),
    ("deployable: shop", "deployable: my shop", 1, 'deployable: "my shop" is not a name'),
    (
        "deployable: shop",
        f"deployable: {'x' * 200}",
        1,
        "… is not a name; a name is lower-case letters, digits",
    ),
    ("  web:", "  web server:", 9, 'assemblies.web server: "web server" is not a name'),
    ("apache: {", "apa.che: {", 14, 'resources.apa.che: "apa.che" is not a name'),
]


@pytest.mark.parametrize(("old", "new", "line", "text"), TRAPS)
def test_a_trap_is_told(old: str, new: str, line: int, text: str) -> None:
    [found] = [(number, sentence) for number, sentence in mistakes(changed(old, new)) if text in sentence]
    assert found[0] == line


def test_a_long_name_does_not_fill_the_screen() -> None:
    [(_, sentence)] = mistakes(changed("deployable: shop", f"deployable: {'x' * 200}"))
    assert len(sentence) < 200


@pytest.mark.parametrize("text", ["no", "0644", "1:30", "~", "1.10", "2026-01-31"])
def test_in_what_others_read_every_value_is_theirs(text: str) -> None:
    assert mistakes(changed(WEB, f"{WEB}\n    provision: {{cloud_config: {{key: {text}}}}}")) == []


@pytest.mark.parametrize("text", ["no", "0755", "1:30", "1e3", "1.10", "0x1F", "2026-01-31"])
def test_a_parameter_is_taken_as_it_is_written(text: str) -> None:
    spec = loaded(changed('{DB_HOST: "${mysql.address}"}', f"{{DB_HOST: {text}}}"))
    assert spec.keys.assemblies["web"].parameters == {"DB_HOST": text}


def test_anchors_aliases_and_merges_do_what_they_say() -> None:
    source = """
deployable: shop
assemblies:
  one: &one
    image: host
    data: ephemeral
    monitor: &calm {interval: 30s, timeout: 10s}
  two:
    <<: *one
    monitor: {<<: *calm, timeout: 5s}
"""
    two = loaded(source).keys.assemblies["two"]
    assert (two.data, two.monitor.interval, two.monitor.timeout) == ("ephemeral", 30, 5)


def test_a_file_from_another_system_is_read_as_it_is_meant() -> None:
    windows = "\ufeff" + SOUND.replace("\n", "\r\n")
    assert loaded(windows).keys == loaded(SOUND).keys


@pytest.mark.parametrize("source", ["", "\n\n", "# nothing yet\n", "---\n", "---\n...\n"])
def test_an_empty_file_is_told_how_to_begin(source: str) -> None:
    [(_, sentence)] = mistakes(source)
    assert sentence == 'is empty; begin with "deployable: NAME"'


def test_a_second_document_is_told() -> None:
    [(line, sentence)] = mistakes(SOUND + "---\ndeployable: more\n")
    assert (line, "but found another document" in sentence) == (SOUND.count("\n") + 1, True)

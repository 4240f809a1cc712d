"""Every mistake has its line, and says what is wrong and what would be right."""

from __future__ import annotations

import pytest

from pcloud.spec.loading import load
from pcloud.spec.problems import SpecError
from tests.spec.examples import SOUND, changed, loaded, mistakes

CHECKS = "checks: [{tcp: 3306}]"
AGENT = 'agent: "systemd:mariadb"'
OCF = 'agent: "ocf:heartbeat:mysql"'
WEB = "    after: [mysql]"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtaU2w1mZjWzZ9m0Q1v7m5PyJqf3nJqX2v0bq8V0V1h"
MYSQL = "  mysql:\n    image: debian-12\n"

TABLE = [
    # old, new, line, text
    ("deployable: shop", "deployable: Shop", 1, 'deployable: "Shop" is not a name; a name is lower-case letters'),
    ("deployable: shop", "deployable: 12", 1, "deployable: 12 is not text; put it in quotes"),
    ("deployable: shop", "# nothing", 2, "deployable: is missing"),
    ("infrastructure: lab", "infrastructure: []", 2, "infrastructure: is empty; write at least one"),
    ("infrastructure: lab", "infrastructure: [lab, lab]", 2, 'infrastructure[1]: "lab" is there twice'),
    ("infrastructure: lab", "infrastructur: lab", 2, 'infrastructur: unknown key "infrastructur"; did you mean "infrastructure"?'),
    ("infrastructure: lab", "deployable: lab", 2, 'deployable: "deployable" is there twice, first in line 1; keep one of them'),
    ("infrastructure: lab", "recovery:", 2, "recovery: is empty; give it a value, or leave the key out"),
    (MYSQL, "  mysql:\n    image: {backup: x}\n", 5, 'assemblies.mysql.image.backup: unknown infrastructure "backup"'),
    (
        "infrastructure: lab",
        "infrastructure: lab\ndefaults: {image: {backup: x}}",
        3,
        'defaults.image.backup: unknown infrastructure "backup"',
    ),
    ("infrastructure: lab", "defaults: {networks: [1]}", 2, "defaults.networks[0]: 1 is not text; put it in quotes"),
    (MYSQL, "  mysql:\n", 4, "assemblies.mysql.image: says neither image nor address; name the image"),
    ("infrastructure: lab", "infrastructure: [a, b]\ndefaults: {size: {b: x}}", 3, 'defaults.size: names no size for "a"'),
    ("  web:", "  mysql:", 9, 'assemblies.mysql: "mysql" is there twice, first in line 4'),
    ("  web:", "  Web_1:", 9, 'assemblies.Web_1: "Web_1" is not a name'),
    ("  web:", "  on:", 9, "assemblies: on stands as a key; keys are text; put it in quotes"),
    ("size: 5GiB", "size: 5", 6, "assemblies.mysql.volumes.data.size: 5 is not a size; write a size such as 512MiB or 5GiB"),
    ("size: 5GiB, ", "", 6, "assemblies.mysql.volumes.data.size: is missing"),
    ("/var/lib/mysql", "var", 6, 'volumes.data.mount: "var" is not a place to mount a volume; write an absolute path'),
    ("{data:", "{more: {size: 1GiB, mount: /var/lib/mysql/}, data:", 6, 'volumes.data.mount: is where "more" is mounted'),
    (AGENT, "agent: mariadb", 8, 'mysqld.agent: "mariadb" is not a resource agent; write one of systemd:UNIT'),
    (AGENT, "agent: sytemd:mariadb", 8, 'mysqld.agent: "sytemd:mariadb" is not a resource agent; did you mean "systemd"?'),
    (AGENT, "agent: systemd:a b", 8, 'mysqld.agent: "a b" is not a systemd unit'),
    (AGENT, 'agent: "ocf:mysql"', 8, 'mysqld.agent: "ocf:mysql" names no OCF agent; write ocf:PROVIDER:NAME'),
    (AGENT, 'agent: "lsb:../mysql"', 8, 'mysqld.agent: "../mysql" is no init script; write its name in /etc/init.d'),
    (AGENT, f"{OCF}, params: {{a-b: c}}", 8, 'params.a-b: "a-b" is not a parameter of an OCF agent; use letters'),
    (AGENT, f"{OCF}, params: {{a: [b]}}", 8, "params.a: is a list; a parameter is text, or {secret: NAME}"),
    (AGENT, f"{OCF}, params: {{a: {{secre: b}}}}", 8, 'params.a.secre: unknown key "secre"; did you mean "secret"?'),
    (AGENT, f"{OCF}, params: {{a: '${{mysql.address}}'}}", 8, "params.a: references stand in parameters only; write it there, and"),
    (AGENT, f"{OCF}, params: {{a: {{parameter: B}}}}", 8, 'params.a.parameter: unknown parameter "B"; there are no'),
    (AGENT, f"{AGENT}, monitor: {{check_level: 10}}", 8, "monitor.check_level: check_level has no meaning here; it belongs to ocf: agents"),
    (AGENT, f"{AGENT}, params: {{a: b}}", 8, "mysqld.params: params has no meaning here; it belongs to ocf: agents"),
    (AGENT, 'agent: "process:"', 8, "mysqld.agent: says no command"),
    (AGENT, 'agent: "script:", start: /x', 8, "mysqld: script: needs stop, monitor; each is a command"),
    (AGENT, f"{AGENT}, start: /x", 8, "mysqld.start: start has no meaning here; it belongs to script: agents"),
    (AGENT, f"{AGENT}, monitor: /x", 8, "mysqld.monitor: a command as monitor has a meaning with script: only"),
    (AGENT, f"{AGENT}, restarts: mysqld", 8, "mysqld.restarts: restarts is for a resource without an agent"),
    (f"{{{AGENT}, {CHECKS}}}", "{}", 8, "assemblies.mysql.resources.mysqld: has neither an agent nor checks"),
    ("mysqld: {", "mysqld: {recovery: {restart: 3}, ", 8, "mysqld.recovery.restart: 3 is no mapping; write keys with values"),
    (CHECKS, "checks: {tcp: 3306}", 8, "mysqld.checks: {'tcp': 3306} is no list"),
    (CHECKS, "checks: [{tcp: 70000}]", 8, "checks[0].tcp: 70000 is not a port; write a whole number from 1 to 65535"),
    (CHECKS, "checks: [{tcp: yes}]", 8, "checks[0].tcp: yes (to YAML it is true) is not a port"),
    (CHECKS, "checks: [{tcp: 1, command: x}]", 8, "checks[0]: says tcp and command; keep one of them"),
    (CHECKS, "checks: [{interval: 5s}]", 8, "checks[0]: says none of tcp, http, command; write one of them, as in {tcp: 3306}"),
    (
        CHECKS,
        "checks: [{http: 'http://x/', certificate: a.pem}]",
        8,
        "checks[0]: pins a certificate for a page without TLS; write https://",
    ),
    (CHECKS, "checks: [{http: 'https://x/', certificate: a.pem}]", 8, "checks[0].certificate: a.pem holds no certificate; it begins with"),
    (CHECKS, "checks: [{tcp: 1, certificate: a.pem}]", 8, "checks[0]: certificate has no meaning in a tcp check"),
    (CHECKS, "checks: [{tcp: 1, status: 200}]", 8, "checks[0]: status has no meaning in a tcp check"),
    (CHECKS, "checks: [{tcp: 1, from: moon}]", 8, 'checks[0].from: "moon" is not where a check can be made; known: inside, controller'),
    (CHECKS, "checks: [{command: x, from: controller}]", 8, "checks[0]: a command check runs inside the machine"),
    (CHECKS, "checks: [{tcp: 1, intervall: 5s}]", 8, 'checks[0].intervall: unknown key "intervall"; did you mean "interval"?'),
    (CHECKS, "checks: [{tcp: 1, interval: 5 s}]", 8, 'checks[0].interval: "5 s" is not a duration; write a duration such as 5s'),
    (CHECKS, "checks: [{tcp: 1, interval: 0}]", 8, "checks[0].interval: 0 is too short; the shortest is 100ms"),
    (CHECKS, "checks: [{tcp: 1, fall: 0}]", 8, "checks[0].fall: 0 is not a number of probes in a row"),
    (CHECKS, "checks: [{http: mysql}]", 8, 'checks[0].http: "mysql" is not an http address; write a URL'),
    (WEB, "    after: [mysq]", 11, 'assemblies.web.after[0]: unknown assembly "mysq"; did you mean "mysql"?'),
    (WEB, "    after: [mysql, mysql]", 11, 'assemblies.web.after[1]: "mysql" is there twice'),
    (WEB, "    after: [mysql, web]", 11, "assemblies.web.after: a cycle: web → web; one of them must start first"),
    (MYSQL, f"{MYSQL}    after: [web]\n", 6, "assemblies.mysql.after: a cycle: mysql → web → mysql"),
    (WEB, f"{WEB}\n    monitor: {{carrier: guest}}", 12, "web.monitor.carrier: the guest agent is not yet supported; write carrier: ssh"),
    (WEB, f"{WEB}\n    data: ephemral", 12, 'web.data: "ephemral" says nothing about data; did you mean "ephemeral"?'),
    (WEB, f"{WEB}\n    spread: 1", 12, "web.spread: 1 is neither true nor false"),
    (WEB, f"{WEB}\n    reboot: {{command: x}}", 12, "web.reboot: reboot is for a static machine"),
    (WEB, f"{WEB}\n    address: 10.0.0.7", 10, "web.image: image has no meaning for a static machine (address)"),
    (WEB, f"{WEB}\n    address: 10.0.0.700", 12, 'web.address: "10.0.0.700" is not an address'),
    (WEB, f"{WEB}\n    secrets: {{DB_HOST: {{env: X}}}}", 12, "web.secrets.DB_HOST: DB_HOST is a parameter as well"),
    (WEB, f"{WEB}\n    secrets: {{PW: {{env: X, file: y}}}}", 12, "web.secrets.PW: says file and env; keep one of them"),
    (WEB, f"{WEB}\n    secrets: {{P-W: {{env: X}}}}", 12, 'web.secrets.P-W: "P-W" cannot be the name of an environment variable'),
    (WEB, f"{WEB}\n    secrets: {{PCLOUD_ROOT: {{env: X}}}}", 12, "web.secrets.PCLOUD_ROOT: PCLOUD_ROOT belongs to pcloud"),
    (WEB, f"{WEB}\n    monitor: {{host_key: {KEY}}}", 12, "web.monitor.host_key: host_key is for a static machine; give it an address"),
    (
        WEB,
        f"{WEB}\n    monitor: {{port: 2222}}",
        12,
        "web.monitor.port: port is for a static machine; give it an address, or leave port out",
    ),
    (WEB, f"{WEB}\n    monitor: {{host_key: SHA256:abc}}", 12, 'host_key: "SHA256:abc" is the fingerprint of a key; write its public line'),
    (WEB, f"{WEB}\n    monitor: {{host_key: 10.0.0.7 {KEY}}}", 12, 'has a word before the kind of key; leave out "10.0.0.7"'),
    (
        WEB,
        f"{WEB}\n    monitor: {{host_key: ssh-ed25519}}",
        12,
        'web.monitor.host_key: "ssh-ed25519" is not a host key; write its public line',
    ),
    (
        "infrastructure: lab",
        f"defaults: {{monitor: {{host_key: {KEY}}}}}",
        2,
        "defaults.monitor.host_key: every machine has a host key of its own",
    ),
    (WEB, f"{WEB}\n    provision: {{script: a, inline: b}}", 12, "web.provision: says script and inline"),
    (WEB, f"{WEB}\n    provision: {{}}", 12, "web.provision: says none of script, inline"),
    (WEB, f'{WEB}\n    size: "a\\0b"', 12, "web.size: has a character that no program can be given"),
    (WEB, f"{WEB}\n    size: !big x", 12, "web.size: has the tag !big"),
    (WEB, f"{WEB}\n    recovery: {{allow: relocate}}", 12, "web.recovery.allow: relocate is not yet supported"),
    (
        WEB,
        f"{WEB}\n    recovery: {{relocate: {{without_volume: yes}}}}",
        12,
        'relocate.without_volume: unknown key "without_volume"; did you mean "without_volumes"?',
    ),
    (WEB, f"{WEB}\n    recovery: {{allow: reboots}}", 12, 'web.recovery.allow: "reboots" is not a rung; did you mean "reboot"?'),
    (
        WEB,
        f"{WEB}\n    recovery: {{reboot: {{failures: 0}}}}",
        12,
        "failures: 0 is not a number of failures; write 1 or more, or -1 or INFINITY",
    ),
    (WEB, f"{WEB}\n    recovery: {{reboot: {{within: 0}}}}", 12, "web.recovery.reboot: a window of no length never fills"),
    (
        WEB,
        f"{WEB}\n    recovery: {{reboot: {{failures: 2, escalation_failures: 2}}}}",
        12,
        "web.recovery.reboot: failures and escalation_failures are the same",
    ),
    (
        WEB,
        f"{WEB}\n    recovery: {{restart: {{failures: 5, within: 10s}}}}",
        12,
        "web.recovery.restart: restart: 5 failures never fall within 10s: the delays between them alone take 35s; lower delay",
    ),
    ("${mysql.address}", "${mysq.address}", 12, 'web.parameters.DB_HOST: ${mysq.address} refers to an unknown assembly "mysq"'),
    ("${mysql.address}", "${mysql.adress}", 12, 'DB_HOST: ${mysql.adress}: an assembly has no "adress"; did you mean "address"?'),
    ("${mysql.address}", "${DB_HOST}", 12, "DB_HOST: ${DB_HOST} refers to nothing; write ${ASSEMBLY.WORD}"),
    ("${web.address}", "${we.address}", 15, 'site.checks[0].http: ${we.address} refers to an unknown assembly "we"; did you mean "web"?'),
    ("restarts: apache", "restarts: apach", 15, 'site.restarts: unknown resource "apach"; did you mean "apache"?'),
    ("restarts: apache", "restarts: site", 15, 'site.restarts: unknown resource "site"; other resources of this assembly: apache'),
    ('"systemd:apache2"', "script:", 14, "is no YAML"),
    (WEB, "\tafter: [mysql]", 11, "indent with spaces, never with tabs"),
    (WEB, "    after: [mysql", 12, "is no YAML"),
    (WEB, "    after: *mysql", 11, "is no YAML: found undefined alias 'mysql'; text that begins with * goes in quotes"),
]


@pytest.mark.parametrize(("old", "new", "line", "text"), TABLE)
def test_a_mistake_is_told_alone_with_its_line_and_cure(old: str, new: str, line: int, text: str) -> None:
    found = mistakes(changed(old, new))
    assert [(number, text in sentence, sentence) for number, sentence in found if text in sentence] == [(line, True, found[0][1])]
    assert len(found) == 1


def test_the_sound_spec_has_no_mistakes() -> None:
    assert mistakes(SOUND) == []


def test_many_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    source = SOUND.replace("shop", "Shop").replace("5GiB", "5").replace("3306", "0").replace("after: [mysql]", "after: [mysq]")
    assert [line for line, _ in mistakes(source)] == [1, 6, 8, 11]


def test_one_mistake_in_a_resource_hides_no_other_in_it() -> None:
    source = changed(
        'mysqld: {agent: "systemd:mariadb", checks: [{tcp: 3306}]}', "mysqld: {agent: x, checks: [{tcpp: 1}, {tcp: 0}], usr: y}"
    )
    assert [sentence.split(";")[0].rpartition("mysqld.")[2] for _, sentence in mistakes(source)] == [
        'agent: "x" is not a resource agent',
        'checks[0].tcpp: unknown key "tcpp"',
        "checks[1].tcp: 0 is not a port",
        'usr: unknown key "usr"',
    ]


def test_an_error_reads_as_file_line_column_path_message_and_cure() -> None:
    with pytest.raises(SpecError) as caught:
        loaded(changed(WEB, "    after: [mysq]"))
    assert str(caught.value) == 'spec.yaml:11:13: assemblies.web.after[0]: unknown assembly "mysq"; did you mean "mysql"?'
    assert caught.value.problems[0].column == 13


def test_a_script_that_did_not_come_along_is_a_mistake_at_its_line() -> None:
    source = changed(WEB, f"{WEB}\n    provision: {{script: files/web.sh}}")
    with pytest.raises(SpecError, match=r"12:25: assemblies\.web\.provision\.script: files/web\.sh cannot be read; paths are relative"):
        load(source, path="spec.yaml", files={})


def test_a_static_machine_is_refused_higher_rungs_where_they_are_named() -> None:
    source = "deployable: d\nassemblies:\n  rack:\n    address: 10.0.0.7\n    recovery: {allow: relaunch}\n"
    assert mistakes(source) == [(5, "assemblies.rack.recovery.allow: a static machine cannot relaunch; its highest rung is reboot")]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "- a\n- b\n",
        "just text",
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "a: 1\n---\nb: 2\n",
        "[\n" * 5000,
        "{a: " * 200,
        "x: " + "y" * 300_000,
        "a: \x07\n",
        '"\\UFFFFFFFF": 1',
        "%YAML " + "9" * 5000 + "\n---\na: 1\n",
        "assemblies: " + "9" * 5000,
        "&a : *a",
        "? [a, b]\n: c\n",
        "assemblies: !!binary x",
        "assemblies: !!int x",
        "deployable: \ud800",
    ],
)
def test_texts_that_are_no_spec_are_refused_like_any_mistake(source: str) -> None:
    with pytest.raises(SpecError):
        loaded(source)


def test_aliases_that_unfold_to_billions_are_refused() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(SpecError, match="its aliases unfold to too much"):
        loaded("\n".join(levels))


def test_merges_that_unfold_to_billions_are_refused() -> None:
    levels = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    with pytest.raises(SpecError, match="its aliases unfold to too much"):
        loaded("\n".join(levels))

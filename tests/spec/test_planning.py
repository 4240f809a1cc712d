"""Plans of sound specs: the example files, inheritance, defaults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcloud.model.plan import (
    DEFAULT_REBOOT,
    DEFAULT_RESTART,
    AssemblyPlan,
    Check,
    CommandCheck,
    HttpCheck,
    LsbAgent,
    MonitorPlan,
    OcfAgent,
    ProcessAgent,
    RungSettings,
    ScriptAgent,
    Secret,
    SystemdAgent,
    TcpCheck,
    VolumePlan,
)
from pcloud.model.words import Mode, OnExhausted, Origin, Rung
from pcloud.spec.files import files_of
from pcloud.spec.planning import plan
from pcloud.spec.problems import SpecError
from pcloud.spec.recovery import RecoveryDefaults, RecoveryKeys, total_delay
from tests.spec.examples import SOUND, changed, example, loaded


def assemblies(source: str) -> dict[str, AssemblyPlan]:
    return {assembly.name: assembly for assembly in plan(loaded(source)).assemblies}


def recovering(text: str, place: str = "    after: [mysql]") -> AssemblyPlan:
    """The sound spec's web with a recovery of its own."""
    return assemblies(changed(place, f"{place}\n    recovery: {text}"))["web"]


def test_the_wordpress_example_is_planned_as_it_is_written() -> None:
    made = plan(loaded(example("wordpress.yaml")))
    assert (made.name, made.infrastructures) == ("wordpress", ("lab", "backup"))
    mysql, web = made.assemblies
    assert (mysql.name, mysql.infrastructure, mysql.image, mysql.size, mysql.networks) == (
        "mysql",
        "lab",
        "debian-12",
        "m1.small",
        ("private",),
    )
    assert mysql.volumes == (VolumePlan("data", 5 * 2**30, "/var/lib/mysql"),)
    assert mysql.secrets == (Secret("DB_PASSWORD", file="/etc/pcloud/secrets/wp-db"),)
    assert mysql.provision == "#!/bin/sh\n# files/mysql.sh\n"
    assert mysql.monitor == MonitorPlan("ssh", "pcloud", 5.0, 5.0, 60.0)
    assert mysql.recovery.allow is Rung.RELAUNCH
    assert (web.ephemeral, web.after, web.volumes, web.provision) == (True, ("mysql",), (), "")
    assert web.parameters == (("DB_HOST", "${mysql.address}"), ("DB_PORT", "3306"))
    assert web.configure == "#!/bin/sh\n# files/configure-wordpress.sh\n"
    assert web.recovery.rung(Rung.REBOOT) == replace(DEFAULT_REBOOT, failures=2, within=3600.0)
    assert (web.recovery.mode, web.recovery.on_exhausted, web.recovery.keep_failed) == (Mode.ENFORCE, OnExhausted.RETRY, 1)


def test_the_resources_of_the_wordpress_example_have_their_agents_and_checks() -> None:
    mysql, web = plan(loaded(example("wordpress.yaml"))).assemblies
    (mysqld,), (apache, site) = mysql.resources, web.resources
    assert mysqld.agent == SystemdAgent("mariadb.service")
    assert mysqld.checks == (Check("tcp:3306", TcpCheck(3306)), Check("command:1", CommandCheck("mysqladmin ping"), timeout=3.0))
    assert (apache.agent, apache.checks, apache.restarts) == (SystemdAgent("apache2.service"), (), "")
    assert (site.agent, site.restarts) == (None, "apache")
    what = HttpCheck("http://${web.address}/", 200, "<title>")
    assert site.checks == (Check("http:/", what, interval=10.0, origin=Origin.CONTROLLER),)


def test_the_other_example_becomes_the_plan_that_it_describes() -> None:
    made = assemblies(example("others.yaml"))
    worker, vip, legacy, old, queue = made["app"].resources
    assert worker.agent == ProcessAgent("/usr/local/bin/worker --queue mail", "app", "/srv")
    assert (vip.agent, vip.interval, vip.timeout) == (OcfAgent("heartbeat", "IPaddr2", (("ip", "10.0.0.9"),)), 10.0, 20.0)
    assert vip.unwritten == ()
    assert legacy.agent == ScriptAgent("/opt/x/start", "/opt/x/stop", "/opt/x/status")
    assert old.agent == LsbAgent("exim4")
    assert queue.checks == (Check("tcp:5672", TcpCheck(5672), fall=5, rise=2),)
    assert made["app"].spread
    rack = made["rack-7"]
    assert (rack.static, rack.address, rack.image, rack.recovery.allow) == (True, "10.0.0.7", "", Rung.REBOOT)
    assert rack.reboot_command.startswith("ipmitool -H 10.1.0.7")
    assert (rack.monitor.user, rack.monitor.host_key) == ("root", "ssh-ed25519 AAAA...")


def test_the_parameters_of_an_ocf_agent_are_taken_as_they_are_written() -> None:
    secrets = "secrets: {DB_PASSWORD: {env: PW}}\n    parameters: {PEER: '${web.address}'}\n    resources:\n      mysqld"
    params = 'params: {port: 0755, flag: yes, empty: "", password: {secret: DB_PASSWORD}, peer: {parameter: PEER}}, monitor: {interval: 3s}'
    source = changed('{agent: "systemd:mariadb"', f'{{agent: "ocf:heartbeat:mysql", {params}')
    (db,) = assemblies(source.replace("resources:\n      mysqld", secrets))["mysql"].resources
    plain = (("port", "0755"), ("flag", "yes"), ("empty", ""))
    assert db.agent == OcfAgent("heartbeat", "mysql", plain, (("password", "DB_PASSWORD"), ("peer", "PEER")))
    assert (db.unwritten, db.action_timeout) == (("timeout",), None)


def test_the_scripts_of_a_spec_are_named_once_each_in_its_order() -> None:
    assert files_of(example("wordpress.yaml")) == ["files/mysql.sh", "files/configure-wordpress.sh"]
    assert files_of("assemblies: [") == files_of("assemblies: {a: {provision: 3}, b: {configure: {script: 4}}}") == []


def test_without_volumes_and_with_data_on_its_disk_an_assembly_is_rebooted_at_most() -> None:
    made = assemblies(SOUND)
    assert (made["mysql"].recovery.allow, made["web"].recovery.allow) == (Rung.RELAUNCH, Rung.REBOOT)
    assert made["web"].resources[0].recovery.allow is Rung.REBOOT
    assert assemblies(changed("infrastructure: lab", "defaults: {data: ephemeral}"))["web"].recovery.allow is Rung.RELAUNCH


def test_a_ceiling_that_is_named_wins_over_the_default() -> None:
    assert recovering("{allow: relaunch}").recovery.allow is Rung.RELAUNCH
    assert assemblies(changed("infrastructure: lab", "recovery: {allow: restart}"))["mysql"].recovery.allow is Rung.RESTART


def test_a_static_machine_inherits_no_higher_rung_than_reboot() -> None:
    source = "deployable: d\nrecovery: {allow: relaunch}\nassemblies: {rack: {address: 10.0.0.7}}\n"
    made = plan(loaded(source))
    assert made.recovery.allow is Rung.RELAUNCH
    assert made.assemblies[0].recovery.allow is Rung.REBOOT


def test_the_window_of_a_rung_that_is_not_yet_supported_may_be_written() -> None:
    settings = recovering("{relaunch_deployable: {failures: 4, within: 48h}}").recovery.relaunch_deployable
    assert (settings.failures, settings.within) == (4, 172800.0)


@pytest.mark.parametrize("never", ["-1", "INFINITY", "infinity", ".inf"])
def test_minus_one_and_infinity_never_escalate(never: str) -> None:
    assert recovering(f"{{restart: {{failures: {never}}}}}").recovery.restart.failures == 0


def test_the_old_names_of_a_window_mean_the_same() -> None:
    settings = recovering("{restart: {escalation_failures: 4, escalation_period: 20m}}").recovery.restart
    assert settings == replace(DEFAULT_RESTART, failures=4, within=1200.0)


def test_recovery_is_inherited_key_by_key_from_system_to_resource() -> None:
    source = changed("infrastructure: lab", "infrastructure: lab\nrecovery: {restart: {delay: 3s}}").replace(
        "    after: [mysql]", "    after: [mysql]\n    recovery: {restart: {max_delay: 4s}}"
    )
    source = source.replace('{agent: "systemd:apache2"}', '{agent: "systemd:apache2", recovery: {restart: {verify: 5s}}}')
    system = RecoveryDefaults(
        RecoveryKeys.model_validate({"mode": "enforce", "on_exhausted": "stop", "restart": {"failures": 2, "within": "1h", "delay": 1}}),
        {
            "lab": RecoveryKeys.model_validate({"restart": {"within": "2h"}, "keep_failed": 3}),
            "other": RecoveryKeys(on_exhausted=OnExhausted.RETRY),
        },
    )
    _, web = plan(loaded(source), system).assemblies
    apache, site = web.resources
    assert apache.recovery.restart == RungSettings(failures=2, within=7200.0, delay=3.0, max_delay=4.0, verify=5.0)
    assert site.recovery.restart == web.recovery.restart == RungSettings(2, 7200.0, 3.0, 4.0, 60.0)
    assert (apache.recovery.on_exhausted, apache.recovery.keep_failed) == (OnExhausted.STOP, 3)


def test_a_window_that_the_system_makes_impossible_is_refused_at_planning() -> None:
    spec = loaded(SOUND)
    impossible = RecoveryDefaults(RecoveryKeys.model_validate({"restart": {"failures": 4, "within": "5s"}}))
    with pytest.raises(SpecError, match="restart: 4 failures never fall within 5s: the delays between them alone take 15s"):
        plan(spec, impossible)


def test_delays_double_up_to_their_maximum() -> None:
    assert [total_delay(RungSettings(n, 600.0, 5.0, 20.0, 60.0)) for n in (1, 2, 3, 4, 5, 6, 7)] == [0, 0, 5, 15, 35, 55, 75]
    assert total_delay(RungSettings(10**6, 600.0, 0.0, 20.0, 60.0)) == 0
    assert total_delay(RungSettings(1002, 600.0, 30.0, 20.0, 60.0)) == 20_000


def test_a_window_whose_delays_just_fit_is_allowed() -> None:
    assert recovering("{restart: {failures: 4, within: 15s}}").recovery.restart.within == 15.0
    assert recovering("{restart: {failures: 3, within: 1s, delay: 0}}").recovery.restart.delay == 0.0


def test_parameters_are_the_text_that_is_written() -> None:
    made = assemblies(changed('{DB_HOST: "${mysql.address}"}', "{A: 0755, B: 1.10, C: yes, D: 2024-01-01, E: '', F: $PCLOUD_ROOT/x}"))
    assert dict(made["web"].parameters) == {"A": "0755", "B": "1.10", "C": "yes", "D": "2024-01-01", "E": "", "F": "$PCLOUD_ROOT/x"}


def test_checks_take_their_rhythm_from_the_nearest_monitor() -> None:
    source = changed("infrastructure: lab", "defaults: {monitor: {interval: 7s, timeout: 2s}}")
    source = source.replace(
        '{agent: "systemd:apache2"}', '{agent: "systemd:apache2", monitor: {interval: 9s}, checks: [{tcp: 80}, {tcp: 81, interval: 1s}]}'
    )
    apache, site = assemblies(source)["web"].resources
    assert (apache.interval, apache.timeout) == (9.0, 2.0)
    assert [(check.interval, check.timeout) for check in (*apache.checks, *site.checks)] == [(9.0, 2.0), (1.0, 2.0), (7.0, 2.0)]


def test_the_keys_of_checks_are_unique_within_a_resource() -> None:
    checks = "[{tcp: 80}, {tcp: 80}, {command: a}, {command: b}, {http: 'http://x/a?q=1'}, {http: 'https://y/a'}, {http: 'http://${web.address}'}]"
    made = assemblies(changed('{agent: "systemd:apache2"}', f'{{agent: "systemd:apache2", checks: {checks}}}'))
    assert [check.key for check in made["web"].resources[0].checks] == [
        "tcp:80",
        "tcp:80#2",
        "command:1",
        "command:2",
        "http:/a",
        "http:/a#2",
        "http:/",
    ]


@pytest.mark.parametrize(("unit", "full"), [("nginx", "nginx.service"), ("a.socket", "a.socket"), ("x@1.2", "x@1.2.service")])
def test_a_unit_without_a_type_is_a_service(unit: str, full: str) -> None:
    assert assemblies(changed("systemd:apache2", f"systemd:{unit}"))["web"].resources[0].agent == SystemdAgent(full)


def test_image_and_size_may_differ_by_infrastructure() -> None:
    source = example("wordpress.yaml").replace("size: m1.small", "size: {lab: small, backup: t3.micro}", 1)
    source = source.replace("    image: debian-12\n", "    image: {lab: debian-12-lab, backup: ami-1234}\n", 1)
    spec = loaded(source)
    mysql, web = plan(spec).assemblies
    assert (mysql.image, mysql.size, web.image) == ("debian-12-lab", "small", "debian-12")
    assert spec.keys.assemblies["mysql"].image == {"lab": "debian-12-lab", "backup": "ami-1234"}


def test_cloud_config_comes_through_as_it_is_meant() -> None:
    provision = "    provision:\n      cloud_config:\n        runcmd: [[ls, -l]]\n        packages:\n"
    web = assemblies(changed("    after: [mysql]\n", f"    after: [mysql]\n{provision}"))["web"]
    assert web.cloud_config == "runcmd:\n- - ls\n  - -l\npackages: null\n"


def test_aliases_and_merges_are_plain_yaml() -> None:
    source = SOUND.replace('{agent: "systemd:apache2"}', "&service {agent: 'systemd:apache2', timeout: 20s}") + (
        "      second: {<<: *service, agent: 'systemd:nginx'}\n"
    )
    apache, _, second = assemblies(source)["web"].resources
    assert (apache.action_timeout, second.action_timeout, second.agent) == (20.0, 20.0, SystemdAgent("nginx.service"))


def test_without_an_infrastructure_the_embedded_one_is_home() -> None:
    assert plan(loaded(changed("infrastructure: lab", "# none"))).infrastructures == ("local",)

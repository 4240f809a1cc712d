"""``--set PATH=VALUE``: the spec as if it stood there, judged like the file, and every mistake named with its setting."""

from __future__ import annotations

import pytest

from pcloud.model.plan import DeployablePlan, RecoverySettings
from pcloud.spec.files import files_of
from pcloud.spec.overriding import SettingError, overridden, parsed, plan_overridden
from pcloud.spec.problems import SpecError
from pcloud.spec.recovery import RecoveryDefaults, RecoveryKeys
from tests.spec.examples import SOUND, changed, example, loaded

WORDPRESS = example("wordpress.yaml")


def planned(*settings: str, source: str = SOUND, system: RecoveryDefaults | None = None) -> DeployablePlan:
    files = {path: f"# {path}\n" for path in files_of(source)}
    return plan_overridden(source, path="spec.yaml", files=files, settings=settings, system=system)


def recovery(plan: DeployablePlan, target: str = "") -> RecoverySettings:
    name, _, resource = target.partition("/")
    if not name:
        return plan.recovery
    assembly = plan.assembly(name)
    assert assembly is not None
    found = assembly.resource(resource) if resource else assembly
    assert found is not None
    return found.recovery


def test_nothing_set_is_the_spec_as_it_stands() -> None:
    assert planned() == planned(source=SOUND)


def test_a_setting_at_the_top_is_inherited_by_every_target() -> None:
    plan = planned("recovery.restart.failures=5")
    assert [recovery(plan, target).restart.failures for target in ("", "web", "web/site", "mysql/mysqld")] == [5, 5, 5, 5]


def test_a_setting_of_one_target_is_that_targets_alone() -> None:
    plan = planned("assemblies.web.resources.site.recovery.restart.delay=7s", "assemblies.mysql.recovery.reboot.within=2h")
    assert [recovery(plan, target).restart.delay for target in ("web/site", "web/apache")] == [7.0, 5.0]
    assert [recovery(plan, target).reboot.within for target in ("mysql", "web")] == [7200.0, 3600.0]


def test_what_is_not_written_in_the_spec_can_be_set_too() -> None:
    plan = planned("defaults.monitor.silence=2m", "assemblies.web.parameters.PORT=0755")
    web = plan.assembly("web")
    assert web is not None
    assert web.monitor.silence == 120.0
    assert ("PORT", "0755") in web.parameters


def test_lists_are_counted_from_nought() -> None:
    mysql = planned("assemblies.mysql.resources.mysqld.checks[0].interval=30s").assembly("mysql")
    assert mysql is not None
    assert mysql.resources[0].checks[0].interval == 30.0


def test_a_value_may_be_a_whole_mapping() -> None:
    plan = planned("recovery={restart: {failures: 2, within: 1m}, allow: restart}")
    assert (recovery(plan, "web/site").restart.failures, recovery(plan, "web/site").restart.within) == (2, 60.0)


def test_the_later_of_two_settings_of_one_key_wins() -> None:
    assert recovery(planned("recovery.restart.failures=5", "recovery.restart.failures=7")).restart.failures == 7


def test_a_setting_stands_in_the_place_of_the_other_name_of_its_key() -> None:
    source = changed("infrastructure: lab", "infrastructure: lab\nrecovery: {restart: {escalation_failures: 3}}")
    assert recovery(planned("recovery.restart.failures=5", source=source)).restart.failures == 5
    assert recovery(planned("recovery.restart.escalation_failures=-1", source=source)).restart.failures == 0


def test_an_alias_of_yaml_is_not_changed_where_it_is_not_set() -> None:
    source = changed("infrastructure: lab", "infrastructure: lab\nrecovery: {restart: &same {failures: 4}, reboot: *same}")
    plan = planned("recovery.restart.failures=6", source=source)
    assert (recovery(plan).restart.failures, recovery(plan).reboot.failures) == (6, 4)


def test_the_example_takes_settings_at_every_level() -> None:
    plan = planned("recovery.restart.failures=4", "assemblies.mysql.recovery.reboot.failures=3", source=WORDPRESS)
    assert recovery(plan, "mysql").reboot.failures == 3


WRONG = [
    ("recovery.restart", "is no setting; write PATH=VALUE, as in recovery.restart.failures=5"),
    ("=5", "is no setting"),
    ("recovery..restart=5", "is no setting"),
    ("recovery.restart.failures=", "is empty; write PATH=VALUE"),
    ("recovery.restart.failures=: [", "its value is no YAML; put text in quotes"),
    ("recovery.restart.failures=5\nother: 6", "is more than one value"),
    ("recovry.restart.failures=5", 'unknown key "recovry"; did you mean "recovery"?'),
    ("recovery.restrat.failures=5", 'unknown key "recovery.restrat"; did you mean "restart"?'),
    ("recovery.restart.failure=5", 'unknown key "recovery.restart.failure"; did you mean "failures"?'),
    ("recovery.restart.failures.more=5", "recovery.restart.failures has no keys; set recovery.restart.failures itself"),
    ("assemblies.msql.recovery.reboot.within=1h", 'assemblies has no "msql" in the spec; did you mean "mysql"?'),
    ("assemblies.web.resources.sit.timeout=5s", 'assemblies.web.resources has no "sit" in the spec; did you mean "site"?'),
    ("assemblies.web.resources.site.checks[1].fall=2", "assemblies.web.resources.site.checks is a list of 1; count from"),
    ("assemblies.web.image.lab=x", 'assemblies.web.image is "debian-12" in the spec; set assemblies.web.image itself'),
    ("assemblies[0].image=x", "assemblies is"),
    ("recovery.restart.failures=many", '"many" is not a number of failures; write 1 or more'),
    ("recovery.restart=5", "5 is no mapping; write keys with values"),
    ("recovery.mode=observ", '"observ" is not a mode; did you mean "observe"?'),
    ("recovery.restart.within=10s", "recovery.restart: restart: 3 failures never fall within 10s"),
    ("assemblies.mysql.after=[web]", "a cycle: mysql → web → mysql"),
]


@pytest.mark.parametrize(("setting", "text"), WRONG)
def test_a_setting_that_cannot_be_is_one_error_with_its_cure(setting: str, text: str) -> None:
    delayed = changed("infrastructure: lab", "infrastructure: lab\nrecovery: {restart: {delay: 15s}}")
    with pytest.raises(SettingError) as caught:
        planned(setting, source=delayed)
    assert f"{caught.value}; {caught.value.cure}".startswith(f"--set {setting}: ")
    assert text in f"{caught.value}; {caught.value.cure}"
    assert caught.value.exit_code == 2


def test_of_several_settings_the_one_that_is_wrong_is_named() -> None:
    with pytest.raises(SettingError, match=r"^--set recovery\.mode=x: "):
        planned("recovery.restart.failures=5", "recovery.mode=x", "recovery.reboot.failures=5")


def test_what_is_wrong_in_the_file_stays_the_files_own_mistake() -> None:
    with pytest.raises(SpecError, match=r'spec\.yaml:1:13: deployable: "Shop" is not a name'):
        planned("recovery.restart.failures=5", source=changed("shop", "Shop"))


def test_a_window_that_the_systems_defaults_make_endless_is_the_settings_mistake_too() -> None:
    system = RecoveryDefaults(RecoveryKeys.model_validate({"restart": {"delay": "2m"}}))
    with pytest.raises(SettingError, match=r"--set recovery\.restart\.within=1m: .*never fall within 1m"):
        planned("recovery.restart.within=1m", system=system)


def test_a_document_that_is_overridden_is_left_as_it_was() -> None:
    document = loaded(SOUND).document
    before = repr(document.data)
    assert overridden(document, ["recovery.restart.failures=5"]).data["recovery"] == {"restart": {"failures": 5}}
    assert repr(document.data) == before


def test_a_path_is_read_as_it_is_shown() -> None:
    assert parsed("assemblies.web.resources.site.checks[0].interval=5s").path == (
        "assemblies", "web", "resources", "site", "checks", 0, "interval",
    )  # fmt: skip


def test_recovery_keys_are_written_as_they_were_read() -> None:
    keys = RecoveryKeys.model_validate({"restart": {"failures": "INFINITY", "within": "10m"}, "allow": "reboot", "mode": "observe"})
    assert keys.written() == {"restart": {"failures": -1, "within": 600.0}, "allow": "reboot", "mode": "observe"}
    assert RecoveryKeys.model_validate(keys.written()).written() == keys.written()
    assert RecoveryKeys().written() == {}

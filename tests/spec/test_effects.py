"""Every effective setting, and where it comes from."""

from __future__ import annotations

from itertools import chain

import pytest

from pcloud.model.plan import RungSettings
from pcloud.spec.effects import EffectiveSetting, effects
from pcloud.spec.loading import DeployableSpec, load
from pcloud.spec.planning import plan
from pcloud.spec.recovery import RUNG_KEYS, RUNGS, RecoveryDefaults, RecoveryKeys, RungKeys
from tests.spec.examples import SOUND, loaded

LEVELS = """\
deployable: shop
infrastructure: lab
defaults:
  monitor: {silence: 10s, interval: 2s}
  size: {lab: m1.small}
  networks: private
recovery:
  restart: {failures: 4, escalation_period: 20m}
  mode: enforce
assemblies:
  db:
    image: host
    volumes: {data: {size: 1GiB, mount: /data}}
    monitor: {interval: 3s}
    recovery:
      restart: {failures: 5}
      allow: reboot
    resources:
      mysqld:
        agent: "process:sleep 1"
        timeout: 30s
        monitor: {timeout: 1s}
        checks:
          - {tcp: 3306, fall: 2, from: controller}
          - {command: ping, interval: 7s}
        recovery:
          restart: {verify: 5s}
  old:
    address: 10.0.0.1
    recovery: {restart: &anchored {failures: 6}}
    resources:
      cron:
        agent: systemd:cron
        recovery: {restart: *anchored}
  plain: {image: host}
  scratch: {image: host, data: ephemeral}
"""
DEFAULTS = RecoveryDefaults(
    RecoveryKeys(restart=RungKeys(delay="1s", max_delay="2s"), allow="relaunch_deployable"),  # type: ignore[arg-type]
    {"lab": RecoveryKeys(restart=RungKeys(max_delay="3s"), keep_failed=2)},  # type: ignore[arg-type]
)


def spec() -> DeployableSpec:
    return load(LEVELS, path="shop.yaml", files={})


def settings(target: str, defaults: RecoveryDefaults = DEFAULTS) -> dict[str, EffectiveSetting]:
    return next({one.key: one for one in each.settings} for each in effects(spec(), defaults) if each.target == target)


@pytest.mark.parametrize(
    ("target", "key", "value", "source", "line"),
    [
        ("shop/db/mysqld", "recovery.restart.failures", 5, "assembly", 16),
        ("shop/db/mysqld", "recovery.restart.within", 1200.0, "deployable", 8),
        ("shop/db/mysqld", "recovery.restart.verify", 5.0, "resource", 27),
        ("shop/db/mysqld", "recovery.restart.delay", 1.0, "system configuration", None),
        ("shop/db/mysqld", "recovery.restart.max_delay", 3.0, "infrastructure lab", None),
        ("shop/db/mysqld", "recovery.on_exhausted", "retry", "default", None),
        ("shop/db/mysqld", "recovery.mode", "enforce", "deployable", 9),
        ("shop/db/mysqld", "monitor.interval", 3.0, "assembly", 14),
        ("shop/db/mysqld", "monitor.timeout", 1.0, "resource", 22),
        ("shop/db/mysqld", "timeout", 30.0, "resource", 21),
        ("shop/db/mysqld", "checks.tcp:3306.fall", 2, "resource", 24),
        ("shop/db/mysqld", "checks.tcp:3306.from", "controller", "resource", 24),
        ("shop/db/mysqld", "checks.tcp:3306.rise", 1, "default", None),
        ("shop/db/mysqld", "checks.tcp:3306.interval", 3.0, "assembly", 14),
        ("shop/db/mysqld", "checks.command:1.interval", 7.0, "resource", 25),
        ("shop/db/mysqld", "checks.command:1.timeout", 1.0, "resource", 22),
        ("shop/db", "recovery.allow", "reboot", "assembly", 17),
        ("shop/db", "recovery.keep_failed", 2, "infrastructure lab", None),
        ("shop/db", "monitor.silence", 10.0, "deployable", 4),
        ("shop/db", "monitor.user", "pcloud", "default", None),
        ("shop", "recovery.restart.failures", 4, "deployable", 8),
        ("shop", "recovery.allow", "relaunch_deployable", "system configuration", None),
        ("shop/db", "infrastructure", "lab", "deployable", 2),
        ("shop/db", "image", "host", "assembly", 12),
        ("shop/db", "size", "m1.small", "deployable", 5),
        ("shop/db", "networks", "private", "deployable", 6),
        ("shop/db", "data", "keep", "default", None),
        ("shop/scratch", "data", "ephemeral", "assembly", 36),
        ("shop/old", "address", "10.0.0.1", "assembly", 29),
        ("shop/old/cron", "timeout", 90.0, "default", None),
        ("shop/old/cron", "recovery.restart.failures", 6, "resource", 30),
    ],
)
def test_each_setting_says_where_it_comes_from(target: str, key: str, value: object, source: str, line: int | None) -> None:
    found = settings(target)[key]
    assert (found.value, found.source, found.line) == (value, source, line)


@pytest.mark.parametrize(
    ("target", "value", "source", "note"),
    [
        ("shop", "reboot", "default", "because nothing higher is named; assemblies have defaults of their own"),
        ("shop/db", "reboot", "assembly", ""),
        ("shop/old", "reboot", "default", "because it is static: nothing can be launched in its place"),
        ("shop/plain", "reboot", "default", "because it declares neither volumes nor data: ephemeral"),
        ("shop/scratch", "relaunch", "default", "because its data is ephemeral"),
    ],
)
def test_a_ceiling_says_why_it_is_where_it_is(target: str, value: str, source: str, note: str) -> None:
    found = settings(target, RecoveryDefaults())["recovery.allow"]
    assert (found.value, found.source, found.note) == (value, source, note)


def test_a_static_machine_that_inherits_more_says_what_it_does_with_it() -> None:
    found = settings("shop/old")["recovery.allow"]
    assert (found.value, found.source) == ("reboot", "system configuration")
    assert found.note == "relaunch_deployable is written; a static machine goes no higher than reboot"


def test_each_target_says_what_it_uses_itself() -> None:
    rungs = {
        target: {one.key.split(".")[1] for one in settings(target).values() if one.applies and one.key.count(".") == 2} & {*RUNGS}
        for target in ("shop", "shop/db", "shop/db/mysqld")
    }
    assert rungs == {"shop": {"relaunch_deployable"}, "shop/db": {"reboot", "relaunch"}, "shop/db/mysqld": {"restart"}}


def recovered(found: dict[str, EffectiveSetting]) -> list[object]:
    rungs = [RungSettings(**{key: found[f"recovery.{rung}.{key}"].value for key in RUNG_KEYS}) for rung in RUNGS]  # type: ignore[arg-type]
    return [*rungs, *(found[f"recovery.{key}"].value for key in ("allow", "mode", "on_exhausted", "keep_failed"))]


@pytest.mark.parametrize("given", [spec(), loaded(SOUND)], ids=["levels", "sound"])
@pytest.mark.parametrize("defaults", [RecoveryDefaults(), DEFAULTS], ids=["none", "some"])
def test_what_is_shown_is_what_is_planned(given: DeployableSpec, defaults: RecoveryDefaults) -> None:
    made = plan(given, defaults)
    found = {each.target: {one.key: one for one in each.settings} for each in effects(given, defaults)}
    planned = {made.name: made.recovery}
    for assembly in made.assemblies:
        target = f"{made.name}/{assembly.name}"
        planned[target] = assembly.recovery
        of = found[target]
        assert of["monitor.silence"].value == assembly.monitor.silence
        if assembly.static:
            assert (of["address"].value, of["monitor.port"].value) == (assembly.address, assembly.monitor.port)
        else:
            shown = [of[key].value for key in ("infrastructure", "image", "size", "networks", "data", "spread")]
            data = "ephemeral" if assembly.ephemeral else "keep"
            planned_ = [assembly.infrastructure, assembly.image, assembly.size, ", ".join(assembly.networks), data, assembly.spread]
            assert shown == planned_
        for resource in assembly.resources:
            of = found[f"{target}/{resource.name}"]
            planned[f"{target}/{resource.name}"] = resource.recovery
            for check in resource.checks:
                assert (of[f"checks.{check.key}.interval"].value, of[f"checks.{check.key}.timeout"].value) == (
                    check.interval,
                    check.timeout,
                )
            if resource.agent is not None:
                assert (of["monitor.interval"].value, of["timeout"].value) == (resource.interval, resource.action_limit)
    assert found.keys() == planned.keys()
    for target, recovery in planned.items():
        windows = [getattr(recovery, rung) for rung in RUNGS]
        assert recovered(found[target]) == [*windows, recovery.allow, recovery.mode, recovery.on_exhausted, recovery.keep_failed]


def test_every_line_is_one_of_the_spec() -> None:
    lines = {one.line for one in chain.from_iterable(each.settings for each in effects(spec(), DEFAULTS)) if one.line is not None}
    assert lines <= set(range(1, LEVELS.count("\n") + 1))

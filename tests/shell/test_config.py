"""The configuration file and the places."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.shell.config import ConfigError, StoreKeys, parse_settings, read_settings
from cpe.shell.infrastructures.settings import address_of
from pcloud import places
from pcloud.model.words import Mode
from pcloud.spec.planning import plan
from tests.spec.examples import SOUND, loaded

WHOLE = """
mode = "enforce"

[recovery.restart]
failures = 5
within = "20m"

[infrastructures.lab]
driver = "openstack"
cloud = "lab"
args = { region = "one" }
poll = 5
anchors = ["10.0.0.1:22", "gw.example:443", "[fd00::1]:22"]

[infrastructures.lab.recovery]
keep_failed = 2
"""


def test_no_file_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    settings = read_settings(None)
    assert (settings.infrastructures, settings.mode) == ({}, Mode.ENFORCE)


def test_the_whole_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "pcloud.toml"
    file.write_text(WHOLE)
    settings = read_settings(file)
    lab = settings.infrastructures["lab"]
    assert (lab.driver, lab.cloud, lab.args, lab.poll) == ("openstack", "lab", {"region": "one"}, 5.0)
    assert [address_of(each) for each in lab.anchors] == [("10.0.0.1", 22), ("gw.example", 443), ("fd00::1", 22)]
    assert settings.mode is Mode.ENFORCE


def test_specs_inherit_from_the_system_and_from_their_infrastructure() -> None:
    made = plan(loaded(SOUND), parse_settings(WHOLE, "pcloud.toml").defaults)
    recovery = made.assemblies[0].resources[0].recovery
    assert (recovery.restart.failures, recovery.restart.within) == (5, 1200.0)
    assert (recovery.mode, recovery.keep_failed) == (Mode.ENFORCE, 2)


@pytest.mark.parametrize("text", ['mode = "enforce"', '[mode]\ndefault = "enforce"', '[recovery]\nmode = "enforce"'])
def test_the_mode_may_be_written_in_any_of_three_ways(text: str) -> None:
    assert parse_settings(text, "x").defaults.system.mode is Mode.ENFORCE


def test_an_alert_command_is_a_command_line() -> None:
    assert parse_settings('alert_command = "page --team ops | logger"', "x").alert_command == "page --team ops | logger"
    assert parse_settings("", "x").alert_command == ""


def test_a_journal_is_kept_for_90_days_and_up_to_a_gibibyte_unless_said_otherwise() -> None:
    assert parse_settings("", "x").store == StoreKeys(keep="90d", size="1GiB")
    settings = parse_settings('[store]\nkeep = "2h"\nsize = "64MiB"', "x")
    assert (settings.store.keep, settings.store.size) == (7200.0, 64 * 2**20)


def test_three_unclean_starts_are_too_many_unless_another_number_is_said() -> None:
    assert [parse_settings(text, "x").crash_loop_starts for text in ("", "crash_loop_starts = 0")] == [3, 0]


def test_the_window_of_a_rung_that_is_not_yet_supported_may_be_written() -> None:
    settings = parse_settings("[recovery.relaunch_deployable]\nfailures = 4", "pcloud.toml")
    assert settings.recovery.relaunch_deployable.failures == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mode = ", "pcloud.toml: is no TOML: Invalid value (at end of document)"),
        ("mode = 3", "pcloud.toml: mode: 3 is not a mode; known: enforce, observe, approve"),
        ("moed = 3", 'pcloud.toml: moed: unknown key "moed"; did you mean "mode"?'),
        ("[recovery.restart]\nfailurs = 3", 'pcloud.toml: recovery.restart.failurs: unknown key "failurs"; did you mean "failures"?'),
        ('[recovery.restart]\nwithin = "5x"', 'recovery.restart.within: "5x" is not a duration; write a duration such as 5s'),
        ("[infrastructures.lab]\ndrivr = 'x'", 'infrastructures.lab.drivr: unknown key "drivr"; did you mean "driver"?'),
        ("[infrastructures.LAB]\ndriver = 'x'", 'infrastructures.LAB: "LAB" is not a name; a name is lower-case'),
        ('[infrastructures.lab]\nanchors = ["gw"]', "anchors[0]: 'gw' is not HOST:PORT; write it as in 10.0.0.1:22, or [fd00::1]:22"),
        ('[infrastructures.lab]\nanchors = ["gw:22", "gw:70000"]', "infrastructures.lab.anchors[1]: 'gw:70000' is not HOST:PORT"),
        ("[infrastructures.lab]\npoll = 0", "infrastructures.lab.poll: 0: Input should be greater than 0"),
        ("infrastructures = 3", "pcloud.toml: infrastructures: 3 is no mapping; write keys with values"),
        (
            "[recovery.restart]\nwithin = 1",
            "recovery.restart: 3 failures never fall within 1s: the delays between them alone take 5s; lower",
        ),
        ("[infrastructures.lab.recovery.restart]\nwithin = 1", "infrastructures.lab.recovery.restart: 3 failures never fall within 1s"),
        ("alert_command = 3", "pcloud.toml: alert_command: 3 is not text; put it in quotes"),
        ('alert_command = ["page"]', "pcloud.toml: alert_command: ['page'] is not text; write text here"),
        (
            "crash_loop_starts = -1",
            "crash_loop_starts: -1 is not a number of unclean starts; write a whole number from 0 to 50",
        ),
        ('crash_loop_starts = "never"', 'pcloud.toml: crash_loop_starts: "never" is not a number of unclean starts'),
        ('[store]\nkeep = "10m"', 'pcloud.toml: store.keep: "10m" is too short; the shortest is 1h'),
        ("[store]\nkeep = -1", "pcloud.toml: store.keep: -1 is not a duration; write a duration"),
        ('[store]\nsize = "1KiB"', 'pcloud.toml: store.size: "1KiB" is too small; the smallest is 16MiB'),
        ("[store]\nsize = 5", "pcloud.toml: store.size: 5 is not a size; write a size such as"),
        ('[store]\nkep = "1d"', "pcloud.toml: store.kep: "),
        ('alert_command = " "', "pcloud.toml: alert_command: is empty text; give it a value, or leave the key out"),
        ("a = " + "[" * 100_000, "pcloud.toml: is nested too deeply"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_cure(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, "pcloud.toml")
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings("mode = 1\nalert_command = 2\nx = 3", "c")
    assert str(caught.value).count("\n") == 2


def test_a_file_that_was_named_must_be_there_and_be_readable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings(tmp_path)
    (tmp_path / "latin").write_bytes(b'mode = "\xff"')
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings(tmp_path / "latin")


def test_the_places_of_an_ordinary_user_follow_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for variable in ("PCLOUD_SOCKET", "PCLOUD_STATE", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert places.config_path() == tmp_path / ".config" / "pcloud" / "pcloud.toml"
    assert places.state_directory() == tmp_path / ".local" / "state" / "pcloud"
    assert places.socket_path() == Path("/run/user/1000/pcloud/api.sock")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    assert places.config_path() == tmp_path / "etc" / "pcloud" / "pcloud.toml"


def test_the_places_of_root_are_the_systems_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    for variable in ("PCLOUD_SOCKET", "PCLOUD_STATE"):
        monkeypatch.delenv(variable, raising=False)
    assert places.config_path() == Path("/etc/pcloud/pcloud.toml")
    assert places.state_directory() == Path("/var/lib/pcloud-cped")
    assert places.socket_path() == Path("/run/pcloud/api.sock")
    monkeypatch.setenv("PCLOUD_SOCKET", "/tmp/s")
    monkeypatch.setenv("PCLOUD_STATE", "/tmp/d")
    assert (places.socket_path(), places.state_directory()) == (Path("/tmp/s"), Path("/tmp/d"))

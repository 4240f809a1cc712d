from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Pcloud

SPECS = Path(__file__).parent.parent / "scenarios" / "specs"
ONE = str(SPECS / "one.yaml")


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.txt"
    path.write_text("12 fail web/httpd\n60 fail web/httpd\n")
    return path


def test_json_is_one_object_a_line_with_the_keys_of_the_interface(alone: Pcloud, trace: Path) -> None:
    ended = alone("simulate", ONE, str(trace), "--json", "--jitter", "0")
    assert (ended.code, ended.err) == (0, "")
    first, _, second, _ = [json.loads(line) for line in ended.out.splitlines()]
    wanted = {"at": 12, "target": "web/httpd", "decision": "act", "action": "restart", "rung": "restart"}
    assert wanted.items() <= first.items()
    assert (first["failures"], first["of"], first["within"], first["due"]) == (1, 3, 600, 12)
    assert first["reason"] == "not running; failure 1 of 3 in 10m: restarting"
    assert (second["at"], second["failures"], second["due"]) == (60, 2, 65)


def test_people_get_a_table_and_yaml_holds_the_same_as_json(alone: Pcloud, trace: Path) -> None:
    table = alone("simulate", ONE, str(trace), "--jitter", "0").out.splitlines()
    assert table[0].split() == ["time", "target", "decision", "action", "counters", "reason"]
    assert table[3].split()[:4] == ["1m", "web/httpd", "act", "restart"]
    bodies = yaml.safe_load(alone("simulate", ONE, str(trace), "-o", "yaml", "--jitter", "0").out)
    assert bodies == [json.loads(line) for line in alone("simulate", ONE, str(trace), "-o", "json", "--jitter", "0").out.splitlines()]


def test_without_a_trace_standard_input_is_read(alone: Pcloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in ((), ("-",)):
        monkeypatch.setattr("sys.stdin", io.StringIO("5 fail web/httpd"))
        ended = alone("simulate", ONE, *arguments, "--json")
        assert [json.loads(line)["at"] for line in ended.out.splitlines()] == [5, 5]


def test_an_empty_trace_decides_nothing(alone: Pcloud, trace: Path) -> None:
    trace.write_text("")
    ended = alone("simulate", ONE, str(trace), "--json")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_a_setting_holds_for_this_run(alone: Pcloud, trace: Path) -> None:
    ended = alone("simulate", ONE, str(trace), "--json", "--set", "recovery.restart.failures=5", "--set", "recovery.restart.delay=0")
    assert [json.loads(line)["of"] for line in ended.out.splitlines()][::2] == [5, 5]


def test_jitter_lengthens_a_delay_by_a_quarter_at_most_and_the_same_each_time(alone: Pcloud, trace: Path) -> None:
    first = alone("simulate", ONE, str(trace), "--json")
    assert first == alone("simulate", ONE, str(trace), "--json")
    due = json.loads(first.out.splitlines()[2])["due"]
    assert 65 < due <= 66.25


def test_scripts_that_the_spec_refers_to_need_not_be_there(alone: Pcloud, trace: Path) -> None:
    trace.write_text("5 fail mysql/mysqld")
    ended = alone("simulate", str(SPECS / "wordpress.yaml"), str(trace))
    assert (ended.code, ended.err) == (0, "")


def test_until_ends_the_run_or_lets_it_go_on(alone: Pcloud, trace: Path) -> None:
    settings = ("--set", "recovery.allow=restart", "--set", "recovery.restart.failures=1", "--json")
    trace.write_text("0 fail web/httpd until never")
    shown = alone("simulate", ONE, str(trace), *settings)
    assert [json.loads(line)["decision"] for line in shown.out.splitlines()] == ["exhausted"], "what is repeated is not waited for"
    shown = alone("simulate", ONE, str(trace), *settings, "--until", "20m")
    assert [json.loads(line)["at"] for line in shown.out.splitlines()] == [0, 300, 660, 1020]
    trace.write_text("0 fail web/httpd\n60 fail web/httpd\n120 fail web/httpd\n")
    shown = alone("simulate", ONE, str(trace), "--until", "90s", "--json")
    assert max(json.loads(line)["at"] for line in shown.out.splitlines()) < 90


@pytest.mark.parametrize(
    ("arguments", "trace_text", "complaint"),
    [
        ((), "1 fail web/httpd\n2 fial web/httpd\n", 'trace.txt:2: "fial" is no fact'),
        (("--set", "recovery.restart.failure=5"), "", "recovery.restart.failure"),
        (("--set", "recovery.restart.failures=many"), "", "many"),
        (("--jitter", "-1"), "", "--jitter"),
        (("--until", "soon"), "", "soon"),
    ],
)
def test_what_cannot_be_simulated_is_one_error_with_exit_code_2(
    alone: Pcloud, trace: Path, arguments: tuple[str, ...], trace_text: str, complaint: str
) -> None:
    trace.write_text(trace_text)
    ended = alone("simulate", ONE, str(trace), *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert complaint in ended.err


def test_a_bad_spec_is_exit_code_2_with_its_problems(alone: Pcloud, trace: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(Path(ONE).read_text().replace("image", "imag"))
    ended = alone("simulate", "bad.yaml", str(trace))
    assert (ended.code, ended.out) == (2, "")
    assert "bad.yaml:6:5: assemblies.web.imag: unknown key" in ended.err


def test_files_that_are_not_there_are_not_found(alone: Pcloud, trace: Path) -> None:
    assert alone("simulate", "no.yaml", str(trace)).code == 3
    assert alone("simulate", ONE, "no.txt").code == 3

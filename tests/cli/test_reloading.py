"""``pcloud deployable reload`` as people and programs see it: the plan, the question, and what comes of each answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcloud.client import Client
from pcloud.client.spec_files import read_spec
from tests.api.serving import Served
from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud
from tests.cli.terminal import on_terminal

CHANGED = BLOG.replace("image: host\n    after", "image: other\n    after").replace("interval: 200ms", "interval: 400ms")


@pytest.fixture
def changed(pcloud: Pcloud, tmp_path: Path) -> Path:
    """The deployable runs, and its spec says something else now."""
    assert pcloud("deployable", "start", "blog.yaml").code == 0
    (tmp_path / "blog.yaml").write_text(CHANGED)
    return tmp_path / "blog.yaml"


def in_force(served: Served) -> str:
    with Client(served.path) as client:
        return client.spec("blog").upload.source


def test_the_plan_says_what_is_disturbed_and_by_what_and_what_is_not(pcloud: Pcloud, changed: Path, served: Served) -> None:
    ended = pcloud("deployable", "reload", "blog", "blog.yaml", "--plan")
    assert ended.code == 0
    assert ended.out == (
        "To make blog what blog.yaml says:\n"
        "\n"
        "~ mysql  nothing is disturbed\n"
        "    ~ monitor.interval  200ms → 400ms\n"
        "~ web    relaunched: a new machine, with its volumes\n"
        "    ~ image             host → other  (relaunch)\n"
        "    ~ monitor.interval  200ms → 400ms\n"
        "warning: web has no volume and is not `data: ephemeral`: what is on its own disk is lost when it is relaunched\n"
        "0 to launch, 1 to disturb, 1 to change as it runs, 0 to destroy.\n"
    )
    assert in_force(served) == BLOG


@pytest.mark.parametrize("verb", [("reload", "blog"), ("start",)])
def test_without_a_yes_and_a_terminal_the_plan_is_shown_and_nothing_done(
    pcloud: Pcloud, changed: Path, served: Served, verb: tuple[str, ...]
) -> None:
    ended = pcloud("deployable", *verb, "blog.yaml")
    assert ended.code == 4
    assert "image: " not in ended.err
    assert "~ web    relaunched" in ended.out
    assert "add --yes" in ended.err
    assert in_force(served) == BLOG


@pytest.mark.parametrize("verb", [("reload", "blog"), ("start",)])
def test_with_a_yes_it_is_done(pcloud: Pcloud, changed: Path, served: Served, verb: tuple[str, ...]) -> None:
    ended = pcloud("deployable", *verb, "blog.yaml", "--yes")
    assert ended.code == 0
    assert "blog is healthy" in ended.out
    assert in_force(served) == CHANGED


def test_the_same_spec_is_nothing_to_do(pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml")
    ended = pcloud("deployable", "reload", "blog", "blog.yaml")
    assert (ended.code, ended.out) == (0, "blog is what blog.yaml says: nothing to do\n")


def test_a_comment_is_nothing_to_do_and_needs_no_yes_and_is_stored(pcloud: Pcloud, tmp_path: Path, served: Served) -> None:
    pcloud("deployable", "start", "blog.yaml")
    (tmp_path / "blog.yaml").write_text(f"# ours\n{BLOG}")
    assert pcloud("deployable", "reload", "blog", "blog.yaml").code == 0
    assert in_force(served).startswith("# ours")


def test_of_what_is_stopped_only_the_stored_spec_changes_and_nobody_is_asked(pcloud: Pcloud, tmp_path: Path, served: Served) -> None:
    pcloud("deployable", "create", "blog.yaml")
    (tmp_path / "blog.yaml").write_text(CHANGED)
    ended = pcloud("deployable", "reload", "blog", "blog.yaml")
    assert ended.code == 0
    assert ended.out.startswith("blog is stopped: only its stored spec becomes that of blog.yaml\n")
    assert "relaunched" not in ended.out
    assert in_force(served) == CHANGED


def test_programs_get_the_plan_alone(pcloud: Pcloud, changed: Path) -> None:
    ended = pcloud("deployable", "reload", "blog", "blog.yaml", "-o", "json", "--yes")
    assert ended.code == 0
    plan = json.loads(ended.out)
    web = next(each for each in plan["changes"] if each["target"] == "web")
    assert (web["sign"], web["effect"]) == ("~", "relaunch")
    assert web["settings"][0] == {"sign": "~", "setting": "image", "from": "host", "to": "other", "effect": "relaunch"}


def test_the_plan_says_which_volumes_are_left_behind(pcloud: Pcloud, tmp_path: Path) -> None:
    volumes = "image: host\n    volumes: {data: {size: 1GiB, mount: /data}, log: {size: 1GiB, mount: /log}}\n    resources:\n      mysqld"
    with_volumes = BLOG.replace("image: host\n    resources:\n      mysqld", volumes)
    (tmp_path / "blog.yaml").write_text(with_volumes)
    assert pcloud("deployable", "start", "blog.yaml").code == 0
    (tmp_path / "blog.yaml").write_text(with_volumes.replace(", log: {size: 1GiB, mount: /log}", "").replace("/data", "/var/data"))
    assert "stay where they are, with their data: log\n" in pcloud("deployable", "reload", "blog", "blog.yaml", "--plan").out
    (tmp_path / "blog.yaml").write_text("deployable: blog\nassemblies: {web: {image: host, resources: {php: {agent: 'process:true'}}}}\n")
    said = pcloud("deployable", "reload", "blog", "blog.yaml", "--plan").out
    assert "- mysql  stopped and destroyed, when all else is well\n" in said
    assert "the volumes of mysql stay (data, log)" in said


def test_a_spec_with_mistakes_changes_nothing(pcloud: Pcloud, changed: Path, served: Served) -> None:
    changed.write_text(CHANGED.replace("after: [mysql]", "after: [mysqld]"))
    ended = pcloud("deployable", "reload", "blog", "blog.yaml", "--yes")
    assert ended.code != 0
    assert "mysqld" in ended.err
    assert in_force(served) == BLOG


def test_what_was_changed_since_the_plan_was_made_is_refused(pcloud: Pcloud, changed: Path, served: Served) -> None:
    with on_terminal(served.path, "deployable", "reload", "blog", "blog.yaml") as terminal:
        terminal.until(lambda text: "Change blog like this?" in text)
        changed.write_text(BLOG.replace("200ms", "300ms"))
        assert pcloud("deployable", "reload", "blog", "blog.yaml", "--yes").code == 0
        terminal.write("y\n")
        assert terminal.end() == 4
        assert "changed since this plan was made" in terminal.text
    assert "300ms" in in_force(served)


@pytest.mark.parametrize("keys", ["n\n", "\n", "\x03"], ids=["no", "Return", "Ctrl-C"])
def test_a_no_leaves_it_as_it_is(changed: Path, served: Served, keys: str) -> None:
    with on_terminal(served.path, "deployable", "reload", "blog", "blog.yaml") as terminal:
        terminal.until_asked("Change blog like this? [y/N]")
        terminal.write(keys)
        assert terminal.end() == 4
        assert "blog is left as it is" in terminal.text
    assert in_force(served) == BLOG


def test_a_spec_that_is_written_while_it_is_read_is_never_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script that the spec names is saved between the two: what is read is the one state or the other."""
    monkeypatch.chdir(tmp_path)
    spec, script = tmp_path / "s.yaml", tmp_path / "a.sh"
    spec.write_text("deployable: s\nassemblies:\n  a:\n    image: host\n    provision: {script: a.sh}\n    resources: {}\n")
    script.write_text("old")
    saved = iter([None, lambda: script.write_text("new")])
    before = Path.open

    def opens(self: Path, *arguments: object, **named: object) -> object:
        change = next(saved, None) if self.name == "a.sh" else None
        opened = before(self, *arguments, **named)  # type: ignore[arg-type]
        if change is not None:
            change()
        return opened

    monkeypatch.setattr(Path, "open", opens)
    upload = read_spec("s.yaml")
    assert upload.files == {"a.sh": "new"}

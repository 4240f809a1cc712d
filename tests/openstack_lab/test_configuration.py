"""What the services are told: one place for addresses and passwords, nothing of this machine's own configuration."""

from __future__ import annotations

import configparser
from dataclasses import asdict
from itertools import product
from pathlib import Path

import pytest
import yaml

from openstack_lab import accounts, tables
from openstack_lab.plan import Plan
from openstack_lab.services.all import services
from openstack_lab.services.common import ini
from openstack_lab.services.libvirtd import QEMU_CONF
from openstack_lab.settings import INSIDE, PORTS, SIZES, Settings, Size, saved
from openstack_lab.stages import ordered

LABS = [Settings(size, cinder, heat, Path("/lab")) for size, cinder, heat in product(SIZES, (True, False), (True, False))]
FULLEST = Settings("full", True, True, Path("/lab"))


@pytest.mark.parametrize("settings", LABS, ids=lambda lab: f"{lab.size}-{lab.cinder}-{lab.heat}")
@pytest.mark.parametrize("kept", [True, False])
def test_every_kind_of_lab_has_a_plan_that_starts_each_daemon_once(settings: Settings, kept: bool, tmp_path: Path) -> None:
    image = tables.Image(tmp_path)
    if kept:
        image.files.mkdir()
    kinds = services(settings)
    stages = Plan(settings, kinds, image).stages()
    ordered(stages)
    names = [stage.name for stage in stages]
    for daemon in (daemon for service in kinds.values() for daemon in service.daemons):
        starting = [
            name for name in names if name.startswith((f"{daemon.name}: ready", f"{daemon.name}: answers", f"{daemon.name}: started"))
        ]
        again = {"mariadb: started"} if not kept else set()  # ended for its files to be kept, and started again
        assert len(set(starting) - again) == 1, daemon.name


def test_nothing_outside_the_labs_directory_is_written_but_what_the_room_covers() -> None:
    paths = [path for service in services(FULLEST).values() for path in service.files]
    assert [path for path in paths if not path.is_relative_to("/lab")] == [QEMU_CONF]


def test_no_service_reads_what_an_operator_configured_in_etc() -> None:
    """Heat's and Cinder's packages keep two defaults nowhere else."""
    allowed = ("/etc/heat/api-paste.ini", "/etc/cinder/rootwrap.conf")
    for service in services(FULLEST).values():
        files = [text for path, text in service.files.items() if path != QEMU_CONF]
        told = "\n".join([*files, *(word for daemon in service.daemons for word in daemon.argv)]).replace("/lab/etc/", "")
        for word in allowed:
            told = told.replace(word, "")
        assert "/etc/" not in told, service.name


def parsed(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=True, delimiters=("=",))
    parser.read_string(text)
    return parser


def test_nova_compute_never_sees_a_database() -> None:
    nova = services(FULLEST)["nova"]
    compute = next(daemon for daemon in nova.daemons if daemon.name == "nova-compute")
    files = [Path(word) for word in compute.argv if word.endswith(".conf")]
    assert len(files) == 2
    assert all("database" not in section for path in files for section in parsed(nova.files[path]).sections())


def test_what_listens_for_people_listens_on_the_labs_address_and_what_does_not_on_its_own_loopback() -> None:
    for service in services(FULLEST).values():
        for text in service.files.values():
            assert "0.0.0.0" not in text
            assert "bind_host = 127" not in text
    mariadb = services(FULLEST)["mariadb"].daemons[0]
    assert f"--bind-address={INSIDE}" in mariadb.argv
    assert services(FULLEST)["rabbitmq"].daemons[0].env["RABBITMQ_NODE_IP_ADDRESS"] == INSIDE


def test_each_service_answers_on_the_port_that_the_settings_name() -> None:
    ports = {daemon.port for service in services(FULLEST).values() for daemon in service.daemons} - {None}
    assert ports == set(PORTS.values())


def test_passwords_are_drawn_anew_and_never_one_for_two() -> None:
    first, second = Settings().secrets, Settings().secrets
    drawn = [*asdict(first).values(), *asdict(second).values()]
    assert len(set(drawn)) == len(drawn)
    assert all(len(password) == 32 for password in drawn)


def test_passwords_are_not_in_what_a_traceback_would_show() -> None:
    settings = Settings()
    assert settings.secrets.admin not in repr(settings)


def test_an_ini_file_holds_what_was_said() -> None:
    text = ini({"DEFAULT": {"a": 1, "b": "", "c": True}, "x": {"list": ["one", "two"]}})
    assert text == "[DEFAULT]\na = 1\nb =\nc = True\n\n[x]\nlist = one\nlist = two\n"


def test_a_value_of_several_lines_is_refused_since_it_would_be_read_as_something_else() -> None:
    with pytest.raises(ValueError, match="key: a value of several lines"):
        ini({"DEFAULT": {"key": "one\ntwo = 2"}})


def test_clouds_yaml_has_an_admin_a_member_and_one_with_a_small_quota() -> None:
    settings = Settings()
    clouds = yaml.safe_load(accounts.clouds(settings))["clouds"]
    assert list(clouds) == ["admin", "demo", "small"]
    assert {name: each["auth"]["password"] for name, each in clouds.items()} == {
        "admin": settings.secrets.admin,
        "demo": settings.secrets.demo,
        "small": settings.secrets.small,
    }
    assert {each["auth"]["auth_url"] for each in clouds.values()} == {"http://10.77.1.2:5000/v3"}


@pytest.mark.parametrize("size", SIZES)
def test_what_was_begun_is_found_again(size: Size, tmp_path: Path) -> None:
    settings = Settings(size, heat=True, home=tmp_path)
    settings.save()
    assert saved(tmp_path) == settings
    assert settings.record.stat().st_mode & 0o777 == 0o600


def test_where_nothing_was_begun_nothing_is_found(tmp_path: Path) -> None:
    assert saved(tmp_path) is None

"""An infrastructure at an EC2: moto's server, a process of its own, which is emptied before each test and ended with the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.ec2.account import Account
from cpe.shell.infrastructures.ec2.args import EC2Args
from cpe.shell.infrastructures.ec2.driver import EC2Driver
from cpe.shell.infrastructures.settings import InfrastructureSettings
from tests.infrastructures.waiting import SLOW, until

EC2 = [pytest.mark.real, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")]
"""The first of them waits until moto has read what it knows: seconds, on a busy machine a minute. libcloud uses what Python will drop."""

IMAGE, SIZE = "debian-12", "t3.micro"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}

_RUNNING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


@contextmanager
def moto_server(directory: Path) -> Iterator[str]:
    """Its address."""
    log = directory / "moto.log"
    environment = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "PYTHONWARNINGS": "ignore"}
    with log.open("w") as said:
        words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment)
    try:
        found = until(lambda: process.poll() is None and _RUNNING.search(log.read_text()), f"moto listens: {log}", SLOW)
        yield found[1]
    finally:
        process.kill()
        process.wait()


def driver(url: str, region: str = "us-east-1") -> EC2Driver:
    """The same cloud, as somebody else sees it."""
    account = Account(KEYS, "", EC2Args(region=region, endpoint=url))
    return EC2Driver(account, account.place())


def emptied(url: str) -> None:
    """Nothing is there but one image."""
    requests.post(f"{url}/moto-api/reset", timeout=SLOW).raise_for_status()
    driver(url).ask("RegisterImage", {"Name": IMAGE, "RootDeviceName": "/dev/xvda", "Architecture": "x86_64"})


@contextmanager
def configured(url: str, **args: object) -> Iterator[InfrastructureSettings]:
    """Settings with everything default, but for ``args``; the keys are in the environment for as long."""
    with pytest.MonkeyPatch.context() as environment:
        for key, value in KEYS.items():
            environment.setenv(key, value)
        yield InfrastructureSettings(driver="ec2", args={"region": "us-east-1", "endpoint": url, **args})


@contextmanager
def ec2_cloud(url: str, **args: object) -> Iterator[Any]:
    """One of those settings."""
    with configured(url, **args) as settings:
        infrastructure = build("lab", settings, controller="here", state_directory=Path("/nonexistent"))
    assert isinstance(infrastructure, LibcloudInfrastructure)
    try:
        yield infrastructure
    finally:
        infrastructure.close()


def call_of(method: str, path: str, body: bytes) -> str:
    """What ``faults.json`` calls a request to EC2; "" for what has no name there."""
    asked = parse_qs(body.decode())
    match asked.get("Action"):
        case ["DescribeInstances"]:
            return "read" if "InstanceId.1" in asked else "list"
        case ["RunInstances"]:
            return "create"
        case ["TerminateInstances"]:
            return "destroy"
    return ""

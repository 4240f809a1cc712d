"""Two servers as a stack of Heat's: created, one of them healed, deleted. What ``openstack.py`` is held against where the lab has Heat."""

from __future__ import annotations

import time
from typing import Any

import requests

from cpe.shell.infrastructures.openstack.identity import Service, Token
from cpe.shell.infrastructures.openstack.words import LoginError

HEAT = Service("orchestration", ("orchestration",), "")
NAME = "bench"
TIMEOUT = 120.0  # seconds for one answer on a busy machine
PATIENCE = 600.0  # seconds for a stack


def template(assemblies: tuple[str, ...], image: str, size: str, network: str) -> dict[str, Any]:
    properties = {"image": image, "flavor": size, "networks": [{"network": network}]}
    servers = {name: {"type": "OS::Nova::Server", "properties": {"name": f"{NAME}-{name}", **properties}} for name in assemblies}
    return {"heat_template_version": "2018-08-31", "resources": servers}


class Stacks:
    """One project's, with a token that outlives the benchmark; ``look`` is the time between two looks, in seconds."""

    def __init__(self, token: Token, look: float) -> None:
        self._url = token.address(HEAT)
        self._look = look
        self._session = requests.Session()
        self._session.headers["X-Auth-Token"] = token.value

    def create(self, words: dict[str, Any]) -> None:
        """Returns when Heat calls it complete."""
        self._ask("POST", "/stacks", {"stack_name": NAME, "template": words})
        self._until("CREATE_COMPLETE")

    def heal(self, server: str) -> None:
        """As an operator does, who knows that a server is broken: say so, and have the stack updated. Returns when it is complete."""
        place = self._place()
        self._ask("PATCH", f"{place}/resources/{server}", {"mark_unhealthy": True, "resource_status_reason": NAME})
        self._ask("PATCH", place, {})
        self._until("UPDATE_COMPLETE")

    def delete(self) -> None:
        self._ask("DELETE", self._place())
        deadline = time.monotonic() + PATIENCE
        while self._stack() is not None:
            expect(time.monotonic() < deadline, "the stack is not deleted")
            time.sleep(self._look)

    def _until(self, wanted: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while (stack := self._stack() or {}).get("stack_status") != wanted:
            said = f"{stack.get('stack_status')}: {stack.get('stack_status_reason')}"
            expect("FAILED" not in said and time.monotonic() < deadline, f"the stack does not become {wanted}: {said}")
            time.sleep(self._look)

    def _place(self) -> str:
        return f"/stacks/{NAME}/{(self._stack() or {})['id']}"

    def _stack(self) -> dict[str, Any] | None:
        answer = self._session.get(f"{self._url}/stacks", params={"name": NAME}, timeout=TIMEOUT)
        expect(answer.ok, answer.text)
        found: list[dict[str, Any]] = answer.json()["stacks"]
        return found[0] if found else None

    def _ask(self, method: str, path: str, words: dict[str, Any] | None = None) -> None:
        answer = self._session.request(method, self._url + path, json=words, timeout=TIMEOUT)
        expect(answer.ok, answer.text)


def stacks(token: Token, look: float) -> Stacks | None:
    """None where there is no Heat."""
    try:
        return Stacks(token, look)
    except LoginError:
        return None


def expect(true: bool, otherwise: str) -> None:
    if not true:
        raise SystemExit(f"Heat: {otherwise}")

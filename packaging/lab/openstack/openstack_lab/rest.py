"""The services' REST APIs, as far as the lab itself needs them: JSON in, JSON out, one token."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openstack_lab.errors import LabError

Json = dict[str, Any]
TIMEOUT = 300.0  # seconds; a loaded machine, and images are uploaded


def send(method: str, url: str, body: object, headers: Mapping[str, str]) -> tuple[http.client.HTTPMessage, bytes]:
    """``body`` is JSON to be, bytes, or the path of a file. LabError with the service's own words where it refuses."""
    sent = dict(headers)
    if isinstance(body, Path):
        sent |= {"Content-Type": "application/octet-stream", "Content-Length": str(body.stat().st_size)}
        with body.open("rb") as file:
            return _exchange(urllib.request.Request(url, method=method, data=file, headers=sent))
    if body is not None and not isinstance(body, bytes):
        sent |= {"Content-Type": "application/json"}
        body = json.dumps(body).encode()
    elif body is not None:
        sent |= {"Content-Type": "application/octet-stream"}
    return _exchange(urllib.request.Request(url, method=method, data=body, headers=sent))


def _exchange(request: urllib.request.Request) -> tuple[http.client.HTTPMessage, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the services are next door, whatever the operator's proxy
    what = f"{request.get_method()} {request.full_url}"
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        words = error.read().decode(errors="replace")[:500]
        raise LabError(f"{what} was answered with {error.code}: {words}") from error
    except OSError as error:
        raise LabError(f"{what} got no answer: {error}") from error


class Session:
    """One user in one project."""

    def __init__(self, keystone: str, user: str, password: str, project: str) -> None:
        who = {"user": {"name": user, "password": password, "domain": {"id": "default"}}}
        scope = {"project": {"name": project, "domain": {"id": "default"}}}
        asked = {"auth": {"identity": {"methods": ["password"], "password": who}, "scope": scope}}
        headers, body = send("POST", f"{keystone}/auth/tokens", asked, {})
        token = json.loads(body)["token"]
        self.user: str = token["user"]["id"]
        self.project: str = token["project"]["id"]
        self._headers = {"X-Auth-Token": str(headers["X-Subject-Token"])}

    def call(self, method: str, url: str, body: object = None) -> Json:
        _, answer = send(method, url, body, self._headers)
        return dict(json.loads(answer)) if answer.startswith(b"{") else {}

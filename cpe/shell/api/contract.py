"""The contract at /v1/openapi.json: what every route takes and answers, its errors included.

Rules: every error is a Problem and is sent as one (RFC 9457); no route promises an answer that it cannot give; every operation has a stable
name, by which generated clients call it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from cpe.shell.api.metrics import METRICS
from pcloud.records.problems import MEDIA_TYPE
from pcloud.records.requests import Problem

SCHEMAS = "#/components/schemas/"

MEANINGS = {
    HTTPStatus.NOT_FOUND: "There is no such thing",
    HTTPStatus.CONFLICT: "Refused: it would make things worse, or contradicts what is so already",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request makes no sense, or the spec in it is wrong",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A bug, or the store cannot be read or written",
    HTTPStatus.BAD_GATEWAY: "An infrastructure said no, or gave no clear answer",
    HTTPStatus.GATEWAY_TIMEOUT: "The time that is allowed was over; what was asked may have been done",
}

Answers = dict[int | str, dict[str, Any]]

_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}{Problem.__name__}"}}}


def problems(*statuses: HTTPStatus) -> Answers:
    """For a route that may answer with these errors, beside those that every route has."""
    return {int(status): {"description": MEANINGS[status], "content": _PROBLEM} for status in statuses}


EVERYWHERE: Answers = {
    **problems(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR),
    "default": {"description": "Any other error", "content": _PROBLEM},
}
NAMED = problems(HTTPStatus.NOT_FOUND)
"""Of what has a name in its path."""
CHANGING = problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
"""Of what changes something that has a name."""


def operation_name(route: APIRoute) -> str:
    """The name of the function that answers."""
    return route.name


def publish(app: FastAPI) -> None:
    """Make ``app`` tell the whole contract."""

    def contract() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes)
            made["components"]["schemas"].update(_schemas())
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = contract  # type: ignore[method-assign]


def allowed(app: FastAPI, path: str) -> str:
    """The methods that ``path`` has, as ``Allow`` names them. Starlette names those of one route, though several may share the path."""
    found = {"GET"} if path in {app.openapi_url, METRICS} else set()  # what the contract itself does not name
    for template, operations in app.openapi()["paths"].items():
        if compile_path(template)[0].match(path):
            found |= {method.upper() for method in operations}
    return ", ".join(sorted(found))


def _schemas() -> dict[str, Any]:
    """Problem, with what it consists of; FastAPI finds models only where it sends them itself."""
    whole = Problem.model_json_schema(ref_template=SCHEMAS + "{model}", mode="serialization")
    return {**whole.pop("$defs", {}), Problem.__name__: whole}

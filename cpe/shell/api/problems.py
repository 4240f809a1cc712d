"""The one place where errors become answers (RFC 9457).

Rules: an error of ours says what it says; anything else is a bug, answered without its insides and raised on, so that it is logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cpe.shell.api.contract import allowed
from pcloud.errors import NotFoundError, PcloudError
from pcloud.records.problems import BUG_PROBLEM, MEDIA_TYPE, REQUEST_PROBLEM, SPEC_PROBLEM, kind_of
from pcloud.records.requests import Problem, ProblemPlace
from pcloud.spec.problems import SpecError

USAGE = 2  # the exit code of a request that makes no sense (interface.md)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem.model_dump(mode="json"), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def problem_of(error: PcloudError) -> Problem:
    """``error`` as it goes over the wire."""
    if isinstance(error, SpecError):
        return Problem(
            type=SPEC_PROBLEM,
            title="The spec is wrong",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            detail=str(error),
            cure=error.cure,
            exit_code=error.exit_code,
            problems=[ProblemPlace.model_validate(place, from_attributes=True) for place in error.problems],
        )
    kind = kind_of(error)
    return Problem(type=kind.type, title=kind.title, status=kind.status, detail=str(error), cure=error.cure, exit_code=error.exit_code)


def install(app: FastAPI) -> None:
    """Make ``app`` answer errors as problems."""

    @app.exception_handler(PcloudError)
    async def ours(_request: Request, error: PcloudError) -> JSONResponse:
        return answer(problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        return answer(
            Problem(
                type=REQUEST_PROBLEM,
                title="The request is wrong",
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                detail=wrong,
                cure="see /v1/openapi.json",
                exit_code=USAGE,
            )
        )

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        # A name with a slash in it ends here as well: it has no route, as it has no deployable.
        if error.status_code == HTTPStatus.NOT_FOUND:
            return answer(problem_of(NotFoundError(f"there is no {request.url.path}")))
        detail = f"{request.method} {request.url.path}: {error.detail}"
        told = Problem(title=HTTPStatus(error.status_code).phrase, status=error.status_code, detail=detail, exit_code=USAGE)
        return answer(
            told, {"Allow": allowed(request.app, request.url.path)} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
        )

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        # Starlette raises it on after this answer, so that the server logs it whole, and closes the connection: the client is told.
        detail = f"a bug in pcloud: {type(error).__name__} while answering {request.method} {request.url.path}"
        cure = "the daemon's log has the traceback; please report it"
        told = Problem(type=BUG_PROBLEM, title="A bug", status=HTTPStatus.INTERNAL_SERVER_ERROR, detail=detail, cure=cure)
        return answer(told, {"Connection": "close"})

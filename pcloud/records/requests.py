"""What is asked of the API, and its answers that are not a status."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class SpecUpload(BaseModel):
    """A spec file with everything that it refers to, read by the one who sends it.

    ``path`` is for messages only. ``files`` maps each path as it stands in the spec to the file's content.
    """

    source: str
    path: str
    files: dict[str, str] = Field(default_factory=dict)


class SpecInForce(BaseModel):
    """A deployable's spec with what it inherits from the system's configuration: what makes its plan.

    ``recovery`` and ``infrastructures`` hold the keys of a spec's own ``recovery``: for everything, and for what has its home on one.
    """

    upload: SpecUpload
    recovery: dict[str, Any] = Field(default_factory=dict)
    infrastructures: dict[str, dict[str, Any]] = Field(default_factory=dict)


class ProblemPlace(BaseModel):
    """One thing that is wrong in a spec: 1-based line and column, the path of keys, what is wrong and what would be right."""

    line: int
    column: int
    path: str
    message: str
    cure: str = ""


class Problem(BaseModel):
    """An error of the API, as RFC 9457 writes it down. ``exit_code`` is what the command line ends with."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    cure: str = ""
    exit_code: int = 1
    problems: list[ProblemPlace] = Field(default_factory=list)


class SshTarget(BaseModel):
    """How to log in to an assembly. ``key`` is the path of the private key on the daemon's host."""

    address: str
    port: int
    user: str
    key: str
    host_key: str


class DaemonStatus(BaseModel):
    """Who answers. ``trouble``: why nothing can be recorded now, and so nothing is done; "" while all is well."""

    version: str
    controller: str
    state_directory: str
    pid: int
    deployables: int
    trouble: str = ""


class CheckedSpec(BaseModel):
    """A spec in which nothing is wrong."""

    name: str

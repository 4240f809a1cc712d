"""What operators say to the daemon while it works: pauses, approvals, retries.

Rules: whoever says something says who he is; a misspelt key is refused, since one that is left out means the whole deployable.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

PAUSE_DEFAULT: Final = 4 * 3600.0
"""Seconds (policy.md section 5): "4 h unless said"."""
PAUSE_LONGEST: Final = 30 * 86400.0
"""Seconds: what nobody looks after for longer should be stopped, not paused."""


class OperatorWord(BaseModel):
    """The root of them all."""

    model_config = ConfigDict(extra="forbid", strict=True)  # true is no number of seconds, and "no" no yes

    owner: str = Field(min_length=1, max_length=200, description="who says it")


class PauseRequest(OperatorWord):
    """Do nothing to the deployable, or to one assembly of it, for ``seconds``. ``maintenance``: nor to what depends on it."""

    assembly: str = Field(default="", description="all of them, if empty")
    reason: str = Field(default="", max_length=1000)
    seconds: float = Field(default=PAUSE_DEFAULT, gt=0, le=PAUSE_LONGEST)
    maintenance: bool = False


class ResumeRequest(OperatorWord):
    """End all pauses of the deployable, or those of one assembly."""

    assembly: str = Field(default="", description="all of them, if empty")


class TargetRequest(OperatorWord):
    """About an assembly with its resources, or one resource, or all of the deployable."""

    assembly: str = Field(default="", description="all of them, if empty")
    resource: str = Field(default="", description="all of the assembly's, if empty")


class TakeoverRequest(OperatorWord):
    """This controller is the one, and may act again on the deployable."""

    reason: str = Field(default="", max_length=1000)


class ConfirmRequest(OperatorWord):
    """The instance of an assembly is dead: it writes to nothing any more. ``reason``: how that is known."""

    assembly: str = Field(min_length=1)
    reason: str = Field(default="", max_length=1000)


class AnswerRequest(TargetRequest):
    """An answer to what waits for one."""

    reason: str = Field(default="", max_length=1000)

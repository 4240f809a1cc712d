"""What operators say to a deployable: facts as well, past tense, with who said them."""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.event import Event
from pcloud.model.instance import Instance
from pcloud.model.words import Desired, Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSaid(Event):
    """The root of an operator's words. ``owner`` is who said it."""

    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAsked(OperatorSaid):
    """Start or stop the deployable."""

    desired: Desired


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryAsked(OperatorSaid):
    """The operator asks for one rung's action on one target."""

    rung: Rung
    assembly: str
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseAsked(OperatorSaid):
    """Do nothing to the deployable, or to one assembly of it, for ``seconds``; ``maintenance`` covers what comes after it as well."""

    assembly: str = ""
    reason: str = ""
    seconds: float
    maintenance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAsked(OperatorSaid):
    """End the pauses of the deployable (all of them), or those of one assembly."""

    assembly: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven(OperatorSaid):
    """A yes, or a no, to what waits for one at a target: the assembly and all its resources, or one resource, or everything ("")."""

    approved: bool
    assembly: str = ""
    resource: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAsked(OperatorSaid):
    """Begin again with what is exhausted, blocked or denied at a target ("" is everything): the ladder from its lowest rung."""

    assembly: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupAsked(OperatorSaid):
    """Forget what is counted and remembered against a target ("" is everything): windows, blocks, exhaustion; and look anew."""

    assembly: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathConfirmed(OperatorSaid):
    """The operator answers for it that the assembly's instance is dead (policy.md section 6)."""

    assembly: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceAdopted(OperatorSaid):
    """A machine that is there already is the assembly's instance from now on. Its generation is the next one."""

    assembly: str
    instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverAsked(OperatorSaid):
    """This controller is the one that looks after the deployable, whatever was seen or doubted (policy.md section 6)."""

    reason: str = ""

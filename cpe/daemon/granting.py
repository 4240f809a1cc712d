"""Guards that let everything pass: a stand-in until the controller has its own."""

from __future__ import annotations

from collections.abc import Callable

from pcloud.model.guards import GuardWord, PermitAnswer, PermitRequest, Standing


class Granting:
    """Grants every permit at once, and knows no anchor."""

    def __init__(self) -> None:
        self._ears: dict[str, Callable[[GuardWord], None]] = {}

    def attend(self, deployable: str, hear: Callable[[GuardWord], None]) -> None:
        self._ears[deployable] = hear

    def stand(self, standing: Standing) -> None:
        """Nobody asks for it."""

    def ask(self, request: PermitRequest) -> None:
        self._ears[request.deployable](PermitAnswer(request.permit, granted=True))

    def give_back(self, deployable: str, permit: str) -> None:
        """There is no end of them."""

    async def anchor(self, infrastructure: str, deployable: str, assembly: str) -> tuple[str, bool]:  # noqa: ARG002 - there is none
        return "", False

"""The daemon's log on stderr: a constant message, then its variable keys, so that it stays searchable at three in the morning."""

from __future__ import annotations

import logging
import os

STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class KeyFormatter(logging.Formatter):
    """``LEVEL logger: message key=value …``; systemd's journal adds the time itself, so it is written only elsewhere."""

    def __init__(self) -> None:
        moment = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
        super().__init__(f"{moment}%(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        keys = " ".join(f"{key}={value!r}" for key, value in record.__dict__.items() if key not in STANDARD)
        line = super().formatMessage(record)
        return f"{line} {keys}" if keys else line


def configure(level: str) -> None:
    """Log from ``level`` upwards; libraries only their warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(KeyFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for ours in ("pcloud", "cpe", "dpe", "agents"):
        logging.getLogger(ours).setLevel(level.upper())

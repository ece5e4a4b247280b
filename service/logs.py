"""Logs: a JSON object a line, on standard error."""

import json
import logging
import sys
from datetime import UTC, datetime

_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message"}
"""What the standard library notes of each record; all else is what the caller told as `extra`."""


def configure() -> None:
    """Sets up logging for this process."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(_JsonLine())
    logging.basicConfig(handlers=[lines])


class _JsonLine(logging.Formatter):
    """What happened (`event`), with what was told of it, how bad it is, and when."""

    def format(self, record: logging.LogRecord) -> str:
        told = {name: v for name, v in vars(record).items() if name not in _OF_EVERY_RECORD}
        told["event"] = record.getMessage()
        told["level"] = record.levelname.lower()
        told["timestamp"] = f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, default=repr)

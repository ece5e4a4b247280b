"""Logs: a line for each thing that happened, on standard error, as JSON or for people.

No line has what callers wrote: of an exception it says where it was raised and what kind it is, for
its message may quote a description, a name or a token.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

from service.watching.asked import at_hand

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]
OURS = ("service", "projections", "aggregates")
"""Whose lines the level is for; what libraries say below a warning is for their developers."""
_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "color_message"}
"""What the standard library notes of each record, and the server; all else was told as `extra`."""
_MOST_FRAMES, _MOST_CAUSES = 30, 5
_encoded = json.JSONEncoder(default=repr).encode


def configure(level: LogLevel = "warning", form: LogFormat = "json") -> None:
    """Sets up logging for this process, in the place of what was set up before."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLine() if form == "json" else ConsoleLine())
    logging.basicConfig(handlers=[lines], force=True)
    logging.getLogger().setLevel(
        max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()])
    )
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())


class JsonLine(logging.Formatter):
    """What happened (`event`), with what was told of it, how bad it is, and when."""

    def format(self, record: logging.LogRecord) -> str:
        told = _told(record)
        told["event"] = record.getMessage()
        told["level"] = record.levelname.lower()
        at = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        told["timestamp"] = f"{at.isoformat(timespec='microseconds')}Z"
        return _encoded(told)


class ConsoleLine(logging.Formatter):
    """The same for people: when, how bad, what happened, and what was told of it."""

    def format(self, record: logging.LogRecord) -> str:
        told = _told(record)
        failure = told.pop("exception", None)
        parts = [f"{datetime.fromtimestamp(record.created, UTC):%H:%M:%S}"]
        parts += [f"{record.levelname.lower():7}", record.getMessage()]
        parts += [f"{name}={_encoded(value)}" for name, value in told.items()]
        line = " ".join(parts)
        return f"{line}\n{failure}" if failure else line


def _told(record: logging.LogRecord) -> dict[str, Any]:
    """What was told with a record, and which request it is about."""
    told = {name: v for name, v in vars(record).items() if name not in _OF_EVERY_RECORD}
    asked = at_hand()
    if asked and "request_id" not in told:
        told["request_id"] = asked.request_id
        if asked.trace_id:
            told["trace_id"] = asked.trace_id
    if isinstance(told.get("error"), str):
        # What databases add in further lines quotes rows.
        told["error"] = told["error"].partition("\n")[0]
    if record.exc_info and record.exc_info[1]:
        told["exception"] = failure_of(record.exc_info[1])
    return told


def failure_of(error: BaseException) -> str:
    """Where an exception was raised, what kind it is, and the same of what caused it.

    Without its message; the codes of a database or of the system are told.
    """
    parts: list[str] = []
    cause: BaseException | None = error
    while cause and len(parts) < _MOST_CAUSES:
        frames = "".join(traceback.format_tb(cause.__traceback__, -_MOST_FRAMES))
        parts.append(f"{frames}{_kind(cause)}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\ncaused by\n".join(parts)


def _kind(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    codes = (getattr(error, name, None) for name in ("sqlstate", "sqlite_errorname", "errno"))
    told = [str(code) for code in codes if code is not None]
    return f"{kind} ({', '.join(told)})" if told else kind

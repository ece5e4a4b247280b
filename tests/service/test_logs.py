"""What a process says in its logs: a JSON object a line."""

import io
import json
import logging
import sys

import pytest

from service import logs


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Where this process's log goes, set up as a command does."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure()
    return stream


def test_a_line_is_one_object_that_says_what_happened_how_bad_it_is_and_when(
    told: io.StringIO,
) -> None:
    logging.getLogger("any").warning("it pauses", extra={"position": 7, "error": "line\nbreak"})
    line = json.loads(told.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "it pauses",
        "level": "warning",
        "position": 7,
        "error": "line\nbreak",
    }
    assert told.getvalue().count("\n") == 1


def test_an_error_is_told_with_where_it_was_raised(told: io.StringIO) -> None:
    try:
        raise LookupError("nobody has it")
    except LookupError as error:
        logging.getLogger("any").error("it stopped", exc_info=error)
    line = json.loads(told.getvalue())
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("LookupError: nobody has it")
    assert line["level"] == "error"

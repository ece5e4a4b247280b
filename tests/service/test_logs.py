"""What a process says in its logs: a JSON object a line, or a line for people."""

import json
import logging
import sqlite3
from collections.abc import Callable, Generator
from contextvars import copy_context

import pytest

from service import logs
from service.watching import asked
from service.watching.asked import Asked

MARK = "Zehra-Öz-4711"
"""What no log may say."""


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Callable[[], str]]:
    """What this process's log has by now; each test sets it up, as a command does."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in logs.OURS}
    before = root.level
    monkeypatch.setattr(root, "handlers", [])
    yield lambda: capsys.readouterr().err
    root.setLevel(before)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_a_line_is_one_object_that_says_what_happened_how_bad_it_is_and_when(
    told: Callable[[], str],
) -> None:
    logs.configure()
    logging.getLogger("any").warning("it pauses", extra={"position": 7, "why": "line\nbreak"})
    text = told()
    line = json.loads(text)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "it pauses", "level": "warning", "position": 7, "why": "line\nbreak"}
    assert text.count("\n") == 1


def test_an_error_is_told_with_where_it_was_raised_and_of_what_kind_but_not_what_it_quotes(
    told: Callable[[], str],
) -> None:
    logs.configure()
    try:
        try:
            sqlite3.connect(":memory:").execute(f"SELECT {MARK!r} FROM nowhere")
        except sqlite3.Error as error:
            raise LookupError(MARK) from error
    except LookupError as error:
        logging.getLogger("any").error("it stopped", exc_info=error)
    text = told()
    line = json.loads(text)
    first, _, second = line["exception"].partition("\ncaused by\n")
    assert "test_logs.py" in first
    assert first.endswith("\nLookupError")
    assert second.endswith("sqlite3.OperationalError (SQLITE_ERROR)")
    assert line["level"] == "error"
    assert MARK not in text


def test_of_what_a_database_says_the_first_line_is_told_for_the_others_quote_rows(
    told: Callable[[], str],
) -> None:
    logs.configure()
    said = f"a value is missing\nDETAIL:  Failing row contains ({MARK})."
    logging.getLogger("any").warning("it waits", extra={"error": said})
    assert json.loads(told())["error"] == "a value is missing"


def test_lines_told_for_a_request_name_it_and_its_trace(told: Callable[[], str]) -> None:
    logs.configure()
    trace = "0af7651916cd43dd8448eb211c80319c"

    def tell() -> None:
        asked.begin(Asked("r-1", "GET", traceparent=f"00-{trace}-b7ad6b7169203331-01"))
        logging.getLogger("any").warning("it waits")

    copy_context().run(tell)
    line = json.loads(told())
    assert (line["request_id"], line["trace_id"]) == ("r-1", trace)


@pytest.mark.parametrize(
    ("level", "ours", "of_libraries"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_the_level_is_for_our_own_lines_and_libraries_tell_warnings_at_most(
    told: Callable[[], str], level: logs.LogLevel, ours: list[str], of_libraries: list[str]
) -> None:
    logs.configure(level)
    for name in ("service.any", "alembic"):
        for each in ("debug", "info", "warning", "error"):
            logging.getLogger(name).log(logging.getLevelNamesMapping()[each.upper()], name)
    lines = [json.loads(line) for line in told().splitlines()]
    assert [line["level"] for line in lines if line["event"] == "service.any"] == ours
    assert [line["level"] for line in lines if line["event"] == "alembic"] == of_libraries


def test_for_people_a_line_has_the_same_in_their_order(told: Callable[[], str]) -> None:
    logs.configure("info", "console")
    logging.getLogger("service.any").info("request", extra={"method": "GET", "status": 200})
    time, line = told().split(" ", 1)
    assert len(time) == len("09:30:00")
    assert line.startswith("info    request ")
    assert 'method="GET" status=200' in line

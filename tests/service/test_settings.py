"""Where settings come from: what is told at the start, the environment, or the defaults."""

import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_what_is_told_counts_for_more_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_PORT", "8001")
    monkeypatch.setenv("billing_backlog_read_wait", "2.5")
    monkeypatch.setenv("BILLING_BACKLOG_OF_ANOTHER_PROGRAM", "x")
    assert (Settings().port, Settings(port=8002).port) == (8001, 8002)
    assert (Settings().read_wait, Settings().idle_seconds) == (2.5, 5)


def test_a_value_of_the_environment_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_PORT", "many")
    with pytest.raises(ValidationError, match="port"):
        Settings()

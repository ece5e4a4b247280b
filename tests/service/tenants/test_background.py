"""What goes on in the background: pieces in turns, and works that are taken up again and again."""

import logging
import threading
from collections.abc import Generator

import pytest

from projections.history import Unavailable
from service.tenants import background
from service.tenants.background import Background
from tests.service.processes import until

LONG = 60.0


@pytest.fixture
def works() -> Generator[Background]:
    opened = Background()
    yield opened
    opened.close()


def test_a_work_is_done_piece_by_piece_until_it_says_so(works: Background) -> None:
    left = [3, 2, 1]
    over = threading.Event()

    def piece() -> bool:
        left.pop()
        if not left:
            over.set()
        return not left

    works.put("work", piece)
    assert over.wait(LONG)
    assert not left


def test_a_work_is_taken_up_again_after_a_while(works: Background) -> None:
    seen = threading.Semaphore(0)

    def look() -> bool:
        seen.release()
        return True

    works.every("look", 0.01, look)
    for _ in range(3):
        assert seen.acquire(timeout=LONG)


def test_what_is_put_need_not_wait_for_the_next_look(works: Background) -> None:
    looked, put = threading.Event(), threading.Event()

    def look() -> bool:
        looked.set()
        return True

    works.every("look", 10_000.0, look)
    assert looked.wait(LONG)
    works.put("work", lambda: put.set() or True)
    assert put.wait(LONG)


def test_a_work_whose_database_is_unavailable_is_tried_again(
    works: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "PAUSE_SECONDS", 0.0)
    tried = threading.Semaphore(0)
    failures = 3

    def look() -> bool:
        nonlocal failures
        tried.release()
        failures -= 1
        if failures > 0:
            raise Unavailable("the database is away")
        return True

    works.every("look", 10_000.0, look)
    for _ in range(3):
        assert tried.acquire(timeout=LONG)
    assert not works.given_up


def test_an_unexpected_error_ends_a_work_and_is_told(
    works: Background, caplog: pytest.LogCaptureFixture
) -> None:
    def look() -> bool:
        raise ValueError("not foreseen")

    with caplog.at_level(logging.ERROR):
        works.every("look", 0.001, look)
        until(lambda: works.given_up)
    assert str(works.given_up["look"]) == "not foreseen"
    assert [record.getMessage() for record in caplog.records] == [
        "background work failed and was given up"
    ]


def test_a_piece_may_ask_whether_it_should_end(works: Background) -> None:
    began = threading.Event()

    def piece() -> bool:
        began.set()
        return works.is_closing()

    works.put("work", piece)
    assert began.wait(LONG)
    works.close()
    works.put("late", lambda: pytest.fail("nothing is begun any more"))

"""What those who follow are told that changed between two positions."""

import pytest
from sqlalchemy import Engine

from projections.databases.connections import as_of_now
from projections.kinds import Kind, kinds_of
from projections.views import history
from projections.views.history import Changed, changed_since, everything
from projections.views.kept_to import UNRESTRICTED
from tests.projections.feeding import feed
from tests.projections.story import STORY

END = len(STORY)


def since(views: Engine, after: int) -> Changed:
    """What changed after a position, as the views now stand."""
    with as_of_now(views) as (connection, position):
        assert position == END
        return changed_since(connection, UNRESTRICTED, after, position)


@pytest.fixture
def told(views: Engine) -> Engine:
    """Views that show the whole story."""
    feed(views, STORY)
    return views


def test_between_any_two_positions_the_contracts_and_kinds_of_the_events_are_told(
    told: Engine,
) -> None:
    for after in range(END + 1):
        events = [recorded.event for recorded in STORY[after:]]
        named = (getattr(event, "contract_id", None) for event in events)
        contracts = {contract_id for contract_id in named if contract_id is not None}
        kinds = kinds_of(type(event).__name__ for event in events)
        assert since(told, after) == Changed(END, frozenset(contracts), kinds)


def test_what_is_too_far_back_or_beyond_the_views_may_be_anything(
    told: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert since(told, END + 1) == everything(END)
    monkeypatch.setattr(history, "MOST_EVENTS", 3)
    assert since(told, END - 4) == everything(END)
    assert not since(told, END - 3).reset
    assert everything(7) == Changed(7, None, frozenset(Kind), reset=True)


def test_too_many_contracts_are_not_named(told: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_CONTRACTS", 0)
    found = since(told, 0)
    assert (found.contracts, found.reset) == (None, False)


def test_what_changed_in_turn_is_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sales = Changed(1, frozenset({"C1"}), frozenset({Kind.SALES}))
    limits = Changed(2, frozenset({"C2"}), frozenset({Kind.LIMITS}))
    both = frozenset({Kind.SALES, Kind.LIMITS})
    assert sales | limits == Changed(2, frozenset({"C1", "C2"}), both)
    any_of_them = Changed(3, None, frozenset({Kind.LIMITS}))
    assert sales | any_of_them == Changed(3, None, both)
    assert any_of_them | sales == Changed(1, None, both)
    assert (sales | everything(9), everything(0) | sales) == (everything(9), everything(1))
    monkeypatch.setattr(history, "MOST_CONTRACTS", 1)
    assert (sales | limits).contracts is None

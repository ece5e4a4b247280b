"""Rows by a text in the name of their contract, line or customer, in any order, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from aggregates.contract.events import ContractDefined
from aggregates.contract_line.events import ContractLineDefined, UnbilledSalesRecorded
from aggregates.events import Event
from projections.values.search_texts import folded
from projections.views.backlog.search import leading, matches, searching
from tests.projections.feeding import examples, feed
from tests.projections.story import CONTRACT_DEFINED, TIME_LINE_DEFINED, recorded, sale, work
from tests.projections.views.test_searching import among_many, event_of, found

DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Deal:
    """A contract with one line, as it is called, and what its two customers are called in it."""

    name: str
    line: str
    customers: tuple[str, str]

    def has(self, text: str, customer: str) -> bool:
        said = (self.name, self.line, self.customers["AB".index(customer)], "y")
        return any(text in folded(each) for each in said)


@dataclass(frozen=True)
class Sale:
    """An item of a deal."""

    deal: int
    customer: str
    day: date


WORD = st.text("aBé", min_size=1, max_size=3)
DEAL = st.builds(Deal, WORD, WORD, st.tuples(WORD, WORD))
DEALS = st.lists(DEAL, min_size=1, max_size=12)
SALES = st.lists(
    st.builds(
        Sale,
        st.integers(0, 11),
        st.sampled_from("AB"),
        st.integers(0, 3).map(lambda days: DAY + timedelta(days)),
    ),
    max_size=25,
)
SORTS = ("date", "-date", "amount", "-contract_id", "contract_name")


def history(deals: Sequence[Deal], sales: Sequence[Sale]) -> list[Event]:
    return [*(event for n, deal in enumerate(deals) for event in _defined(n, deal)), *_sold(sales)]


def _defined(number: int, deal: Deal) -> tuple[ContractDefined, ContractLineDefined]:
    contract_id = f"K{number}"
    names = dict(zip("AB", deal.customers, strict=True))
    customers = tuple(
        replace(each, name=names[each.customer_id]) for each in CONTRACT_DEFINED.customers
    )
    terms = replace(TIME_LINE_DEFINED.terms, name=deal.line)
    return (
        replace(CONTRACT_DEFINED, contract_id=contract_id, name=deal.name, customers=customers),
        replace(TIME_LINE_DEFINED, contract_id=contract_id, terms=terms),
    )


def _sold(sales: Sequence[Sale]) -> list[Event]:
    return [
        UnbilledSalesRecorded(
            contract_id=f"K{it.deal}",
            line_id="T",
            currency="EUR",
            approvals=(
                replace(
                    work(f"N{n}", sale(f"n{n}", it.customer, "1.00"), day=it.day),
                    description="y",
                    resource=None,
                    role=None,
                    task_id=None,
                ),
            ),
        )
        for n, it in enumerate(sales)
    ]


@pytest.mark.parametrize(
    ("most", "names"),
    [(32, 5_000), (0, 5_000), (32, 0)],
    ids=["some in order", "all sorted", "too many"],
)
@examples(25)
@given(
    deals=DEALS,
    sales=SALES,
    text=st.text("abé", min_size=1, max_size=2),
    limit=st.integers(1, 3),
    sort=st.sampled_from(SORTS),
)
def test_a_text_in_a_name_finds_the_rows_of_all_that_is_called_so(
    shared_views: Engine,
    most: int,
    names: int,
    deals: list[Deal],
    sales: list[Sale],
    text: str,
    limit: int,
    sort: str,
) -> None:
    sales = [it for it in sales if it.deal < len(deals)]
    others = [event_of(n, works) for n, works in enumerate(among_many([]))]
    feed(shared_views, recorded([*history(deals, sales), *others]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leading, "MOST_STRANDS", most)
        patch.setattr(matches, "MOST_TEXTS", names)
        patch.setattr(searching, "FAR", 20)
        ids = found(shared_views, text, limit, sort)
    expected = [n for n, it in enumerate(sales) if deals[it.deal].has(text, it.customer)]
    if sort in {"date", "-date"}:
        order = sorted(expected, key=lambda n: (sales[n].day, n), reverse=sort == "-date")
        assert ids == [f"n{n}" for n in order]
    assert sorted(ids) == sorted(f"n{n}" for n in expected)

"""Facets of the backlog lists: which values rows have, and how many have each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from projections.databases.connections import as_of_now
from projections.keeping.writer import Writer
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.rows import Row, TotalledPage
from projections.views.backlog.sums import facets as facets_module
from projections.views.paging import PageRequest
from tests.projections.feeding import examples, feed, feed_more, shown
from tests.projections.large_views import STATUSES
from tests.projections.story import STORY, TIME_LINE_DEFINED, recorded
from tests.projections.views.test_filters import (
    AMOUNTS,
    DATES,
    PART_FILTERS,
    PARTS,
    SALES,
    SALES_FILTERS,
    TEXTS,
    Listed,
    matching_rows,
    sorted_by,
)
from tests.projections.views.test_summary import WHOLE_MONTHS

Json = dict[str, Any]
NAMES = {"customer_id": "K", "line_id": "Line"}


def faceted(
    views: Engine, view: Listed, wanted: BacklogFilter, names: Sequence[str]
) -> TotalledPage[Row]:
    with as_of_now(views) as (connection, _):
        return view.of(connection, wanted, PageRequest(limit=1), totals=False, facets=names)


def without(wanted: BacklogFilter, *names: str) -> BacklogFilter:
    """The filter without those of some facets; if the status is one, rows of all statuses."""
    any_of = {name: values for name, values in wanted.any_of.items() if name not in names}
    if "billing_status" in names:
        any_of["billing_status"] = STATUSES
    return replace(wanted, any_of=any_of)


def counted(rows: list[Json], name: str) -> tuple[list[Json], int]:
    """A facet by looking at every row, and of how many values it is."""
    counts = Counter(row[name] for row in rows if row[name])
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:100]
    told = [{"value": value, "name": _name(name, value), "count": n} for value, n in most]
    return told, len(counts)


def _name(facet: str, value: str) -> str | None:
    return f"N{value[1:]}" if facet == "contract_id" else NAMES.get(facet)


@examples(80)
@given(
    SALES_FILTERS,
    st.one_of(DATES, WHOLE_MONTHS),
    st.one_of(AMOUNTS, st.just({})),
    TEXTS,
    st.lists(st.sampled_from([*SALES.of.facets]), min_size=1, unique=True),
)
def test_facets_of_sales_are_what_all_rows_have(
    large: Engine,
    any_of: Mapping[str, Sequence[str]],
    dates: Json,
    amounts: Json,
    text: str | None,
    names: list[str],
) -> None:
    wanted = BacklogFilter(any_of=any_of, text=text, **dates, **amounts)
    are_what_all_rows_have(large, SALES, wanted, names)


@examples(60)
@given(
    PART_FILTERS,
    st.one_of(DATES, WHOLE_MONTHS),
    st.one_of(AMOUNTS, st.just({})),
    TEXTS,
    st.lists(st.sampled_from([*PARTS.of.facets]), min_size=1, unique=True),
)
def test_facets_of_milestones_are_what_all_rows_have(
    large: Engine,
    any_of: Mapping[str, Sequence[str]],
    dates: Json,
    amounts: Json,
    text: str | None,
    names: list[str],
) -> None:
    wanted = BacklogFilter(any_of=any_of, text=text, **dates, **amounts)
    are_what_all_rows_have(large, PARTS, wanted, names)


def are_what_all_rows_have(
    views: Engine, view: Listed, wanted: BacklogFilter, names: list[str]
) -> None:
    page = faceted(views, view, wanted, names)
    found, more = shown(page.facets), shown(page.facets_more)
    assert [*found] == names
    for name in names:
        values, count = counted(matching_rows(view, without(wanted, name)), name)
        assert found[name] == values
        assert more.get(name, 0) == count - len(values)


@pytest.mark.parametrize("view", [SALES, PARTS], ids=["sales", "milestones"])
def test_all_facets_without_a_filter_are_what_all_rows_have(large: Engine, view: Listed) -> None:
    are_what_all_rows_have(large, view, BacklogFilter(), [*view.of.facets])


@pytest.mark.parametrize(
    "any_of", [{}, {"customer_id": ["K7", "K8"]}, {"resource": ["R7"]}], ids=str
)
def test_where_more_rows_match_than_are_counted_facets_are_of_the_first_of_the_list(
    large: Engine, monkeypatch: pytest.MonkeyPatch, any_of: dict[str, list[str]]
) -> None:
    """And say so; those that are told by totals are of all rows."""
    most = 70
    monkeypatch.setattr(facets_module, "MOST_ROWS", most)
    wanted = BacklogFilter(any_of={"billing_status": ["ready"], **any_of})
    own = ["resource", "role", *(["billing_status"] if "resource" in any_of else [])]
    page = faceted(large, SALES, wanted, [*own, "currency"])
    found, partial = shown(page.facets), shown(page.facets_partial)
    for name in own:
        rows = sorted_by(matching_rows(SALES, without(wanted, name)), "date", "sequence")
        assert (name, found[name]) == (name, counted(list(islice(rows, most)), name)[0])
        assert partial.get(name) == (most if len(rows) > most else None)
    assert any(name in partial for name in own)
    if "currency" not in partial:
        assert found["currency"] == counted(matching_rows(SALES, wanted), "currency")[0]


def test_a_value_that_few_rows_have_is_counted_in_all_of_them_whichever_facets_are_asked_for(
    large: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = BacklogFilter(any_of={"resource": ["R7"], "billing_status": ["ready"]})
    rows = matching_rows(SALES, wanted)
    monkeypatch.setattr(facets_module, "MOST_ROWS", len(rows) + 1)
    page = faceted(large, SALES, wanted, ["role", "resource"])
    assert shown(page.facets)["role"] == counted(rows, "role")[0]
    assert "role" not in shown(page.facets_partial)


def test_a_line_id_of_several_contracts_has_a_name_only_if_all_call_it_the_same(
    shared_views: Engine,
) -> None:
    feed(shared_views, STORY)

    def names() -> list[tuple[str, str | None]]:
        asked = ["line_id", "customer_id", "contract_id"]
        found = shown(faceted(shared_views, SALES, BacklogFilter(), asked).facets)
        return [(each["value"], each["name"]) for name in asked for each in found[name]]

    others = [("A", "Anchor"), ("C1", "Harbour")]
    assert names() == [("T", "Works"), *others]
    for name in ("Works", "Walls"):
        other = replace(TIME_LINE_DEFINED.terms, name=name)
        defined = replace(TIME_LINE_DEFINED, contract_id="C2", terms=other)
        feed_more(Writer(shared_views), recorded([defined], Writer(shared_views).position()))
        assert names() == [("T", "Works" if name == "Works" else None), *others]

"""Any events of the catalogue, about few enough things that they meet: what a history may hold."""

import types
import typing
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from hypothesis import strategies as st

from aggregates.events import Event
from tests.aggregates.examples import CONTRACT

NAMES = {
    "contract_id": (CONTRACT,),
    "line_id": ("L1", "L2"),
    "customer_id": ("A", "B"),
    "item_id": ("C1~L1~a", "C1~L1~b", "C1~L2~a"),
    "milestone_id": ("C1~L1~m", "C1~L1~n"),
    "invoice_id": ("I1", "I2"),
    "currency": ("EUR",),
    "items": ("C1~L1~a", "C1~L1~b", "C1~L2~a"),
    "customers": ("A", "B"),
    "series": ("invoices",),
    "source": ("urn:test",),
}
"""What texts are drawn from, by the field they stand in; others are one letter."""


@cache
def an_event() -> st.SearchStrategy[Event]:
    """Any event of the catalogue."""
    return st.one_of(*(_built(kind) for kind in typing.get_args(Event)))


@cache
def _built(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{f.name: _value(hints[f.name], f.name) for f in fields(kind)})


def _value(hint: Any, name: str) -> st.SearchStrategy[Any]:
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*(_value(each, name) for each in inside))
    if origin is tuple:
        return st.lists(_value(inside[0], name), max_size=3, unique_by=repr).map(tuple)
    if inside:
        return st.dictionaries(_value(inside[0], name), _value(inside[1], name), max_size=2)
    if is_dataclass(hint):
        return _built(typing.cast("type[Any]", hint))
    return _plain(hint, name)


def _plain(hint: Any, name: str) -> st.SearchStrategy[Any]:
    if hint is types.NoneType:
        return st.none()
    if hint is str:
        return st.sampled_from(NAMES.get(name, ("x", "y")))
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(1, 9)
    if hint is Decimal:
        return st.integers(-900, 900).map(lambda cents: Decimal(cents).scaleb(-2))
    if hint is datetime:
        return st.just(datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    if hint is date:
        return st.dates(date(2026, 1, 1), date(2026, 12, 31))
    assert issubclass(hint, Enum), hint
    return st.sampled_from(hint)

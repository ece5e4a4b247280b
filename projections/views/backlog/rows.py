"""Rows of the backlog views as callers get them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import msgspec

from projections.values.units import from_millionths, prices_in, texts_in

_MONEY = {"amount": texts_in, "tax": texts_in, "unit_price": prices_in}
"""Columns whose texts are a currency's, and what gives them."""


class Row(msgspec.Struct):
    """A row; it reads like the JSON object that it becomes."""

    def keys(self) -> Iterable[str]:
        """The names of its fields."""
        return self.__struct_fields__

    def __getitem__(self, name: str, /) -> Any:
        return getattr(self, name)


class Shown:
    """What a view shows of each of its rows: these fields, in this order.

    A month's end shows very many rows, so they are made column by column, and are no dictionaries:
    that takes a quarter of the time (docs/performance.md).
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = fields
        # Rows hold texts alone, so the garbage collector has nothing to look for in them.
        row = msgspec.defstruct("Row", fields, bases=(Row,), gc=False)
        self._row = cast("Callable[..., Row]", row)

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Row]:
        """The rows that a query for these fields found; behind the fields, it may find others."""
        if not found:
            return []
        columns: dict[str, Iterable[Any]]
        columns = dict(zip(self.fields, zip(*found, strict=True), strict=False))
        currencies = set(columns["currency"])
        for name, texts in _MONEY.items():
            if name in columns:
                columns[name] = (
                    map(texts(*currencies).__getitem__, columns[name])
                    if len(currencies) == 1
                    else [
                        texts(currency)[kept]
                        for kept, currency in zip(columns[name], columns["currency"], strict=True)
                    ]
                )
        if "quantity" in columns:
            columns["quantity"] = map(from_millionths, columns["quantity"])
        if "nte_detail" in columns:
            columns["nte_detail"] = map(_json, columns["nte_detail"])
        columns["date"] = map(str, columns["date"])
        return list(map(self._row, *columns.values()))


def _json(kept: str | None) -> msgspec.Raw | None:
    """JSON as it was kept, to be passed on as it is."""
    return None if kept is None else msgspec.Raw(kept.encode())

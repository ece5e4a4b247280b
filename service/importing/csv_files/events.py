"""Rows of a CSV file, made the events that they stand for."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from service.importing.csv_files.columns import Cells, Columns
from service.importing.csv_files.formats import (
    MOST_DECIMALS,
    Dates,
    Numbers,
    Wrong,
    currency,
    id_of_name,
    plain,
    quoted,
    rounded,
    upstream_id,
)
from service.importing.csv_files.lookups import SKIP
from service.importing.csv_files.map import (
    BILLING_TYPES,
    CLASS_COLUMN,
    CLASSES,
    FIELDS,
    IDS,
    REQUIRED,
    CsvMap,
    folded_cell,
)
from service.wire.intake.cloudevents import APPROVALS

_TYPES = {transaction_class.value: name for name, transaction_class in APPROVALS.items()}
_NOT_CHARGED = ("non_chargeable", "complimentary", "not_available")
_MOST_KNOWN, _LONGEST_KNOWN = 10_000, 100
"""Texts whose fields are remembered, and their characters: most come again and again."""
_MOST_SHOWN = 5
"""Values of a map that are named where a cell is none of them."""
Told = Mapping[str, str]


class BadRow(Exception):
    """What is wrong with a row, by column."""

    def __init__(self, wrong: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{column}: {what}" for column, what in wrong))
        self.wrong = wrong


class Events:
    """Makes events of the rows of a file, by its map and its headings."""

    def __init__(self, mapped: CsvMap, columns: Columns) -> None:
        self._map, self._columns = mapped, columns
        self._known: dict[tuple[str, str], str] = {}
        self._numbers = Numbers(mapped.numbers)
        self._dates = {name: Dates(value.dates) for name, value in mapped.fields.items()}
        self._make: dict[str, Callable[[Cells, str], str]] = {
            "date": lambda cells, text: self._dates["date"].date(text),
            "quantity": self._hours,
            "billable_quantity": self._hours,
            "unit_price": lambda cells, text: self._numbers.number(text),
            "tax": lambda cells, text: self._numbers.number(text),
            "currency": lambda cells, text: currency(text),
            "class": lambda cells, text: _one_of(text, CLASSES),
            "billing_type": lambda cells, text: _one_of(text, BILLING_TYPES),
        }

    # --- what a row is -------------------------------------------------------------------------

    def is_skipped(self, cells: Sequence[str]) -> bool:
        """Whether the map has such a row passed over, whatever the look-ups say."""
        columns = self._columns
        return any(folded_cell(cells[place]) in values for place, values in columns.skipped) or any(
            folded_cell(cells[place]) not in values for place, values in columns.only
        )

    def digest(self, cells: Sequence[str]) -> bytes:
        """What rows have in common that are equal; empty where a column has their id."""
        if not self._columns.digested:
            return b""
        parts = [
            f"{len(heading)}:{heading}{len(cell)}:{cell}"
            for heading, place in self._columns.digested
            if (cell := cells[place].replace("\r\n", "\n"))
        ]
        text = self._map.source + "".join(parts)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def looked_up(self, cells: Sequence[str]) -> Told:
        """What the look-ups give for a row; that of an earlier one stays. Raises BadRow."""
        told: dict[str, str] = {}
        tables = zip(self._map.lookups, self._columns.by, self._columns.by_class, strict=True)
        for table, places, by_class in tables:
            asked = iter([cells[place] for place in places])
            keys = [
                self._class(cells, told) if by_class and name == CLASS_COLUMN else next(asked)
                for name in table.by
            ]
            for name, text in (table.find(keys) or {}).items():
                told.setdefault(name, text)
        return told

    def contract_id(self, cells: Sequence[str], told: Told) -> str | None:
        """The contract of a row; None where that can't be told."""
        try:
            return self._field("contract_id", cells, told)
        except BadRow:
            return None

    def event(self, cells: Sequence[str], told: Told, event_id: str) -> dict[str, Any]:
        """The event of a row, by the id that it has. Raises BadRow with all that is wrong."""
        data: dict[str, str] = {}
        wrong: list[tuple[str, str]] = []
        for name in FIELDS:
            try:
                text = self._field(name, cells, told)
            except BadRow as error:
                wrong += error.wrong
            else:
                if text:
                    data[name] = text
        wrong += self._prices(cells, told, data, {column for column, _ in wrong})
        if wrong:
            raise BadRow(wrong)
        kind = _TYPES[data.pop(CLASS_COLUMN, CLASSES[0])]
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": self._map.source,
            "type": kind,
            "data": {"approval_id": event_id, **data},
        }

    def own_id(self, cells: Sequence[str]) -> str:
        """The id that a row has in a column. Raises BadRow."""
        column = self._columns.id
        if column is None:
            raise TypeError("rows of this map have no id of their own")
        return self._made("id", column, cells)

    # --- fields --------------------------------------------------------------------------------

    def _class(self, cells: Sequence[str], told: Told) -> str:
        try:
            return self._field(CLASS_COLUMN, cells, told) or CLASSES[0]
        except BadRow:
            return ""

    def _field(self, name: str, cells: Sequence[str], told: Told) -> str:
        """A field by the look-ups, else by its cells, else empty. Raises BadRow."""
        if name in told:
            return told[name]
        column = self._columns.fields.get(name)
        text = self._made(name, column, cells) if column else ""
        if text or name not in REQUIRED or name == "unit_price":
            return text
        raise BadRow([self._nothing(name, column, cells)])

    def _made(self, name: str, column: Cells, cells: Sequence[str]) -> str:
        text = column.text(cells)
        made = self._known.get((name, text))
        if made is None:
            made = self._made_anew(name, column, cells, text)
            if len(self._known) == _MOST_KNOWN:
                self._known.clear()
            if len(text) <= _LONGEST_KNOWN:
                self._known[name, text] = made
        return made

    def _made_anew(self, name: str, column: Cells, cells: Sequence[str], text: str) -> str:
        value = column.value
        if value.values is not None and value.constant is None:
            found = value.values.get(folded_cell(text))
            if found is None and text:
                known = ", ".join([*value.values][:_MOST_SHOWN])
                what = f"{quoted(text)} is none of the map's values for {name}: {known}"
                raise BadRow([(column.called(cells), what)])
            text = found or ""
        text = text or value.default or ""
        if not text:
            if name == "id":
                raise BadRow([(column.called(cells), "is empty: each row needs its id")])
            return ""
        try:
            if name in {*IDS, "id", "task_id"}:
                if value.as_id:
                    return id_of_name(text)
                return text if name == "task_id" else upstream_id(text)
            make = self._make.get(name)
            return make(column, text) if make else text
        except Wrong as error:
            raise BadRow([(column.called(cells), str(error))]) from None

    def _hours(self, column: Cells, text: str) -> str:
        return self._numbers.hours(text, column.value.decimals)

    def _nothing(self, name: str, column: Cells | None, cells: Sequence[str]) -> tuple[str, str]:
        """Why a field that must be there has nothing, and what would help."""
        for table, places in zip(self._map.lookups, self._columns.by, strict=True):
            if name in table.gives:
                keys = ", ".join(quoted(cells[place]) for place in places)
                return (", ".join(table.by), f"no look-up gives {name} for {keys}: add a row")
        if column is None:
            return (name, "is given by nothing in the map")
        return (column.called(cells), f"is empty, and {name} must be there")

    def _prices(
        self, cells: Sequence[str], told: Told, data: dict[str, str], wrong: set[str]
    ) -> list[tuple[str, str]]:
        """Makes a price of an amount where the map says so, and of none where nothing is charged.

        A chargeable row without any price has something wrong with it.
        """
        column = self._columns.fields.get("unit_price")
        price = data.get("unit_price")
        called = column.called(cells) if column else "unit_price"
        if called in wrong:
            return []
        is_zero = column and column.value.not_zero and price and not Decimal(price)
        if price is None or is_zero:
            if data.get("billing_type") in _NOT_CHARGED:
                data["unit_price"] = "0"
                return []
            if is_zero:
                return [
                    (called, "is 0 in a row that is charged: give it a price, or a billing type")
                ]
            return [self._nothing("unit_price", column, cells)]
        if "unit_price" in told or column is None or not column.value.per_quantity:
            return []
        quantity = self._exact_quantity(cells, told, data)
        if quantity:
            data["unit_price"] = plain(rounded(Decimal(price) / quantity, MOST_DECIMALS))
        elif Decimal(price):
            return [(called, f"an amount of {quoted(price)} for no quantity has no price")]
        return []

    def _exact_quantity(self, cells: Sequence[str], told: Told, data: Told) -> Decimal:
        """The quantity, before it is rounded where it is told in hours and minutes."""
        column = self._columns.fields.get("quantity")
        if column and "quantity" not in told and (text := column.text(cells)):
            try:
                return self._numbers.exact_hours(text)
            except Wrong:
                pass
        return Decimal(data.get("quantity", "1"))


def skips(told: Told) -> bool:
    """Whether the look-ups have the row passed over."""
    return SKIP in told


def _one_of(text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise Wrong(
            f"{quoted(text)} is none of {', '.join(known)}; say what it is in the map: values"
        )
    return text

"""Lists in pages by key: what may be sorted and filtered, and where the next page starts."""

import base64
import binascii
import datetime
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Integer,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    or_,
    tuple_,
    union,
    union_all,
)

from projections.history import can_be_stored
from projections.values.search_texts import folded

Columns = Mapping[str, ColumnElement[Any]]
Rows = list[dict[str, Any]]
Wanted = Mapping[str, Sequence[str]]
"""Values per column, any of them."""
ROWS = bindparam("limit", type_=Integer)
"""How many rows a page has, and one more."""
_LARGEST: Mapping[type, int] = {Integer: 2**31}
"""What a number is below, in columns that have not 64 bits for it."""


class BadQuery(Exception):
    """A query asks for what the list can't do; `field` is the parameter, `args[0]` says why."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key: a column of the list and its direction."""

    name: str
    descending: bool

    def __str__(self) -> str:
        return f"-{self.name}" if self.descending else self.name


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted: `sort` as `field,-field`, `cursor` from the page before.

    With `seek`, which is for lists in the order of dates, it starts at that day.
    """

    limit: int = 100
    cursor: str | None = None
    sort: str | None = None
    seek: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is wanted, understood: its order, the sort keys that it comes after."""

    orders: tuple[Order, ...]
    limit: int
    after: tuple[Any, ...] | None = None

    def values(self) -> dict[str, Any]:
        """What the statement of such a part is executed with."""
        keys = {f"after_{n}": value for n, value in enumerate(self.after or ())}
        return {"limit": self.limit + 1, **keys}


class Paging:
    """The keyset paging of one list: its sortable columns, the unique key that ends each sort.

    A key of several columns names them as a sort does.
    """

    def __init__(self, columns: Columns, key: str, default: str) -> None:
        self._columns = columns
        self._key = key.split(",")
        self.default = self._orders(default)

    @property
    def sortable(self) -> list[str]:
        """The fields that the list can be sorted by."""
        return sorted(self._columns)

    def read(self, request: PageRequest) -> Part:
        """The part that is asked for.

        Raises BadQuery for an unknown sort field or a cursor that this list did not give.
        """
        orders = self._orders(request.sort) if request.sort else self.default
        after = self._decode(request.cursor, orders) if request.cursor else None
        return Part(orders, request.limit, after)

    def page(
        self, statement: Select[Any], orders: Sequence[Order], *, is_next: bool
    ) -> Select[Any]:
        """The statement for a part and one row more, which tells whether there is a next one.

        `is_next` says whether other parts came before. It is executed with the part's values. The
        columns that it sorts by end each row.
        """
        return self.rows(statement, orders, is_next=is_next).limit(ROWS)

    def rows(
        self, statement: Select[Any], orders: Sequence[Order], *, is_next: bool
    ) -> Select[Any]:
        """The same with all rows from there on."""
        keys = (self._columns[order.name].label(f"sort_{order.name}") for order in orders)
        return self.following(statement, orders, is_next=is_next).add_columns(*keys)

    def following(
        self, statement: Select[Any], orders: Sequence[Order], *, is_next: bool
    ) -> Select[Any]:
        """The same without the columns that it sorts by, where these are among those selected."""
        columns = [self._columns[order.name] for order in orders]
        if is_next:
            statement = statement.where(_after(orders, columns))
        return statement.order_by(*_by(orders, columns))

    def until(self, orders: Sequence[Order]) -> ColumnElement[bool]:
        """What rows are up to the sort keys `until_0` and so on; all go in one direction."""
        columns = [self._columns[order.name] for order in orders]
        values = [bindparam(f"until_{n}", type_=column.type) for n, column in enumerate(columns)]
        compared, bound = tuple_(*columns), tuple_(*values)
        return compared >= bound if orders[0].descending else compared <= bound

    def fetch(
        self, connection: Connection, statement: Select[Any], part: Part
    ) -> Sequence[RowMapping]:
        """The rows of a part of what the statement selects, and one more if there is."""
        page = self.page(statement, part.orders, is_next=part.after is not None)
        return connection.execute(page, part.values()).mappings().all()

    def next_cursor(self, rows: Sequence[Sequence[Any]], part: Part) -> str | None:
        """Where the next page starts, None after the last; the sort keys end each row."""
        if len(rows) <= part.limit:
            return None
        keys = [str(order) for order in part.orders]
        packed = msgspec.json.encode([keys, rows[part.limit - 1][-len(keys) :]])
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    def _orders(self, sort: str) -> tuple[Order, ...]:
        orders: dict[str, Order] = {}
        for field in sort.split(","):
            name = field.removeprefix("-")
            if name not in self._columns:
                known = ", ".join(self.sortable)
                raise BadQuery("sort", f"can't sort by {name!r}; sortable are {known}")
            orders.setdefault(name, Order(name, field.startswith("-")))
        descending = next(reversed(orders.values())).descending
        for name in self._key:
            orders.setdefault(name, Order(name, descending))
        return tuple(orders.values())

    def _decode(self, cursor: str, orders: Sequence[Order]) -> tuple[Any, ...]:
        try:
            packed = base64.b64decode(
                cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
            )
            keys, values = json.loads(packed)
            if not isinstance(values, list):
                raise TypeError(values)
            values = cast("list[Any]", values)
            if keys == [str(order) for order in orders] and len(values) == len(orders):
                return tuple(map(self._value, orders, values))
        except (binascii.Error, ValueError, TypeError, RecursionError):
            raise BadQuery("cursor", "is not a cursor that this list gave") from None
        raise BadQuery("cursor", "belongs to another sort order")

    def _value(self, order: Order, value: Any) -> Any:
        """A sort key as the column has it. Raises TypeError or ValueError for what it has not."""
        column = self._columns[order.name]
        if isinstance(column.type, Date):
            return datetime.date.fromisoformat(value)
        # Not what passes for one: to Python, `true` of JSON is a number.
        if type(value) is not column.type.python_type:
            raise TypeError(value)
        if isinstance(value, int) and abs(value) >= _LARGEST.get(type(column.type), 2**63):
            raise ValueError(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(value)
        if isinstance(value, str):
            value.encode()  # JSON can spell half a surrogate pair, which no database can bind
            if not can_be_stored(value):
                raise ValueError(value)
        return value


def _after(orders: Sequence[Order], columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    values = [bindparam(f"after_{n}", type_=column.type) for n, column in enumerate(columns)]
    if len({order.descending for order in orders}) == 1:
        compared, bound = tuple_(*columns), tuple_(*values)
        return compared < bound if orders[0].descending else compared > bound
    return or_(
        *(
            and_(
                *(columns[i] == values[i] for i in range(position)),
                columns[position] < values[position]
                if order.descending
                else columns[position] > values[position],
            )
            for position, order in enumerate(orders)
        )
    )


def _by(orders: Sequence[Order], columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [
        column.desc() if order.descending else column
        for order, column in zip(orders, columns, strict=True)
    ]


def merged(
    parts: Iterable[Select[Any]],
    orders: Sequence[Order],
    *,
    limit: BindParameter[int] = ROWS,
    on_postgres: bool,
) -> CompoundSelect[Any]:
    """One page of the rows of several parts, each of which lies in one index; no row is in two.

    SQLite reads no more of them than fill the page; PostgreSQL does so only if each part has that
    limit by itself, and SQLite only if none has.
    """
    if on_postgres:
        parts = [part.limit(limit) for part in parts]
    return _in_order(union_all(*(part.subquery().select() for part in parts)), orders, limit)


def together(
    pages: Iterable[Select[Any] | CompoundSelect[Any]],
    orders: Sequence[Order],
    *,
    apart: bool = False,
) -> CompoundSelect[Any]:
    """One page of the rows of several pages, which are `apart` if no row is in two."""
    of_all = union_all if apart else union
    return _in_order(of_all(*(page.subquery().select() for page in pages)), orders, ROWS)


def _in_order(
    rows: CompoundSelect[Any], orders: Sequence[Order], limit: BindParameter[int]
) -> CompoundSelect[Any]:
    keys = [rows.selected_columns[f"sort_{order.name}"] for order in orders]
    return rows.order_by(*_by(orders, keys)).limit(limit)


def past_indexes(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column to sort by where few rows match: no index on it leads through all the others."""
    return func.coalesce(column, column)


def in_order(rows: Sequence[RowMapping]) -> list[list[Any]]:
    """The values of rows in the order of their columns."""
    return [list(row.values()) for row in rows]


def empty_first(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column to sort by where a value may be missing: keys of a page are never null."""
    if not getattr(column, "nullable", False):
        return column
    return func.coalesce(column, datetime.date.min if isinstance(column.type, Date) else "")


def has_text(text: str | None, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """The condition that one of the columns, which are folded, has a text; none without a text."""
    if not text:
        return []
    return [or_(*(column.contains(folded(text), autoescape=True) for column in columns))]


def any_of(columns: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The conditions that columns have one of the wanted values."""
    return [columns[name].in_(values) for name, values in wanted.items()]

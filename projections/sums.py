"""Sums of amounts, taken in two halves: no sum of 64-bit amounts overflows in the database."""

from sqlalchemy import BigInteger, ColumnElement, RowMapping, func

_HALF = 1_000_000


def halves(column: ColumnElement[int], name: str) -> list[ColumnElement[int]]:
    """The sum of a column in two columns, to be put together by `whole`."""
    high = func.sum(column.op("/")(_HALF), type_=BigInteger).label(f"{name}_high")
    return [high, func.sum(column.op("%")(_HALF), type_=BigInteger).label(f"{name}_low")]


def whole(row: RowMapping, name: str) -> int:
    """The sum that was taken in `halves`."""
    return int(row[f"{name}_high"]) * _HALF + int(row[f"{name}_low"])

"""Sums of amounts, taken in two halves: no sum of 64-bit amounts overflows in the database."""

from sqlalchemy import BigInteger, ColumnElement, RowMapping, Table, func

HALF = 1_000_000
"""Minor units that the higher half is counted in."""


def halves(column: ColumnElement[int], name: str) -> list[ColumnElement[int]]:
    """The sum of a column in two columns, to be put together by `whole`."""
    high = func.sum(column.op("/")(HALF), type_=BigInteger).label(f"{name}_high")
    return [high, func.sum(column.op("%")(HALF), type_=BigInteger).label(f"{name}_low")]


def kept_halves(totals: Table, name: str) -> list[ColumnElement[int]]:
    """The same of sums that are kept in halves by then."""
    halved = (f"{name}_high", f"{name}_low")
    return [func.sum(totals.c[half], type_=BigInteger).label(half) for half in halved]


def halved(total: int, name: str) -> dict[str, int]:
    """A sum as it is kept: one way for each."""
    high, low = divmod(total, HALF)
    return {f"{name}_high": high, f"{name}_low": low}


def whole(row: RowMapping, name: str) -> int:
    """The sum that was taken in `halves`."""
    return int(row[f"{name}_high"]) * HALF + int(row[f"{name}_low"])

"""What a projection answers to an event: rows to put, patch or drop; and the units rows keep."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Table

from aggregates import money
from projections.history import Recorded

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """These whole rows stand from now on, whether they stood before or not."""

    table: Table
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """Rows take these values; each has the primary key and the columns that change."""

    table: Table
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Every row with these values goes."""

    table: Table
    where: Row


_ONE = 10**money.QUANTITY_DECIMALS
Change = Put | Patch | Drop
Projection = Callable[[Recorded], Iterator[Change]]


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in the currency's minor units: EUR 12.30 is 1230."""
    return int(amount.scaleb(money.decimals_of(currency)))


def to_minor_or_none(amount: Decimal | None, currency: str) -> int | None:
    """As `to_minor`; None stays None."""
    return None if amount is None else to_minor(amount, currency)


_KEPT = 10_000
"""Amounts that are kept as text: rates, taxes and hours come again and again."""


class _Texts(dict[int, str]):
    """Amounts in minor units, with what they are as text."""

    def __init__(self, decimals: int) -> None:
        super().__init__()
        self._decimals = decimals

    def __missing__(self, minor: int) -> str:
        if len(self) >= _KEPT:
            self.clear()
        text = self[minor] = _plain(minor, self._decimals)
        return text


@cache
def texts_in(currency: str) -> Mapping[int, str]:
    """The texts of any amounts in a currency, for many at once."""
    return _Texts(money.decimals_of(currency))


def from_minor(minor: int, currency: str) -> str:
    """Minor units as plain text with the currency's decimals: JPY 51 is "51"."""
    return texts_in(currency)[minor]


def to_millionths(quantity: Decimal) -> int:
    """A quantity as an integer of millionths."""
    return int(quantity.scaleb(money.QUANTITY_DECIMALS))


@lru_cache(maxsize=_KEPT)
def from_millionths(millionths: int) -> str:
    """Millionths as plain text without needless zeros: 7.5, 2."""
    if not millionths % _ONE:
        return str(millionths // _ONE)
    return _plain(millionths, money.QUANTITY_DECIMALS).rstrip("0")


def _plain(scaled: int, decimals: int) -> str:
    if not decimals:
        return str(scaled)
    if scaled < 0:
        return f"-{_plain(-scaled, decimals)}"
    digits = str(scaled)
    if len(digits) <= decimals:
        digits = digits.rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"

"""The units that rows keep money, quantities and prices in, and their plain texts."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache

from aggregates import money

_ONE = 10**money.QUANTITY_DECIMALS


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in the currency's minor units: EUR 12.30 is 1230."""
    return int(amount.scaleb(money.decimals_of(currency)))


def to_minor_or_none(amount: Decimal | None, currency: str) -> int | None:
    """As `to_minor`; None stays None."""
    return None if amount is None else to_minor(amount, currency)


_KEPT = 10_000
"""Amounts that are kept as text: rates, taxes and hours come again and again."""


class _Texts(dict[int, str]):
    """Scaled integers, with what they are as text: at least so many decimals, no needless zeros."""

    def __init__(self, decimals: int, least: int) -> None:
        super().__init__()
        self._decimals, self._needless = decimals, decimals - least

    def __missing__(self, scaled: int) -> str:
        if len(self) >= _KEPT:
            self.clear()
        text = _plain(scaled, self._decimals)
        for _ in range(self._needless):
            if not text.endswith("0"):
                break
            text = text[:-1]
        text = self[scaled] = text.removesuffix(".")
        return text


@cache
def texts_in(currency: str) -> Mapping[int, str]:
    """The texts of any amounts in a currency, for many at once."""
    decimals = money.decimals_of(currency)
    return _Texts(decimals, decimals)


@cache
def prices_in(currency: str) -> Mapping[int, str]:
    """The texts of any unit prices in a currency, kept in millionths of it, for many at once."""
    return _Texts(money.PRICE_DECIMALS, money.decimals_of(currency))


def from_minor(minor: int, currency: str) -> str:
    """Minor units as plain text with the currency's decimals: JPY 51 is "51"."""
    return texts_in(currency)[minor]


def price_from_millionths(millionths: int, currency: str) -> str:
    """A unit price as plain text: the currency's decimals at least, no needless zeros beyond."""
    return prices_in(currency)[millionths]


def to_millionths(value: Decimal) -> int:
    """A quantity or a unit price as an integer of millionths: both have six decimals (D-1)."""
    return int(value.scaleb(money.QUANTITY_DECIMALS))


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


def from_minor_or_none(minor: int | None, currency: str) -> str | None:
    """Minor units as plain text; None stays None."""
    return None if minor is None else from_minor(minor, currency)

"""The units that rows keep: minor units of money, millionths of quantities."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.money import MINOR_UNITS
from projections.values import units
from tests.projections.feeding import examples

WHOLE = st.integers(-(10**16), 10**16)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("-0.05", "EUR", -5),
        ("51", "JPY", 51),
        ("-1.234", "KWD", -1234),
        ("0.00", "EUR", 0),
        ("999999999999.9999", "CLF", 9_999_999_999_999_999),
    ],
)
def test_money_is_kept_in_minor_units_and_read_with_its_decimals_d1(
    amount: str, currency: str, minor: int
) -> None:
    assert units.to_minor(Decimal(amount), currency) == minor
    assert units.from_minor(minor, currency) == amount


@examples(200)
@given(WHOLE, st.sampled_from(sorted(MINOR_UNITS)))
def test_any_amount_of_any_currency_comes_back_as_it_went_in_d1(minor: int, currency: str) -> None:
    text = units.from_minor(minor, currency)
    assert units.to_minor(Decimal(text), currency) == minor
    assert len(text.partition(".")[2]) == MINOR_UNITS[currency]


@pytest.mark.parametrize(
    ("quantity", "text"),
    [("8", "8"), ("7.50", "7.5"), ("-0.000001", "-0.000001"), ("100", "100"), ("0.0", "0")],
)
def test_quantities_are_read_without_needless_zeros(quantity: str, text: str) -> None:
    assert units.from_millionths(units.to_millionths(Decimal(quantity))) == text


@examples(100)
@given(WHOLE)
def test_any_quantity_comes_back_as_it_went_in(millionths: int) -> None:
    text = units.from_millionths(millionths)
    assert units.to_millionths(Decimal(text)) == millionths


def test_no_limit_stays_no_limit() -> None:
    assert units.to_minor_or_none(None, "EUR") is None
    assert units.to_minor_or_none(Decimal("0.10"), "EUR") == 10


def test_texts_of_very_many_amounts_are_right_and_are_not_all_kept() -> None:
    texts = units.texts_in("EUR")
    for cents in range(20_500):
        assert texts[cents] == f"{cents // 100}.{cents % 100:02d}"
    assert len(texts) <= 10_000

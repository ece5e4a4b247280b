"""Amounts, quantities and splits (D-1 to D-4)."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aggregates import money, splitting
from aggregates.money import MINOR_UNITS, QUANTITY_UNIT, unit_of
from aggregates.refusals import Invalid
from aggregates.splitting import Share, split


def shares(*percents: str, rounding: int = 0) -> list[Share]:
    """Customers A, B, C … at these percentages; the one at `rounding` takes the rest."""
    return [
        Share(customer_id="ABCDEFGHIJ"[n], percent=Decimal(percent), rounding=n == rounding)
        for n, percent in enumerate(percents)
    ]


def cut(whole: str, *percents: str, rounding: int = 0, currency: str = "EUR") -> dict[str, str]:
    amounts = split(Decimal(whole), shares(*percents, rounding=rounding), unit_of(currency))
    return {customer: str(amount) for customer, amount in amounts.items()}


# --- D-1 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "unit"), [("JPY", "1"), ("EUR", "0.01"), ("KWD", "0.001"), ("CLF", "0.0001")]
)
def test_an_amount_is_kept_at_the_minor_unit_of_its_currency_d1(currency: str, unit: str) -> None:
    assert unit_of(currency) == Decimal(unit)
    assert str(money.money(Decimal(7), currency, "amount")) == str(
        Decimal(7).quantize(Decimal(unit))
    )


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.1", "JPY"), ("1.005", "EUR"), ("1.0001", "KWD")]
)
def test_an_amount_with_more_decimals_than_its_currency_is_refused_d1(
    amount: str, currency: str
) -> None:
    with pytest.raises(Invalid, match=rf"in {currency} has at most \d decimals") as refused:
        money.money(Decimal(amount), currency, "tax")
    assert (refused.value.field, refused.value.code) == ("tax", "invalid_field")


def test_needless_zeros_are_no_decimals_d1() -> None:
    assert money.money(Decimal("51.000"), "JPY", "amount") == 51


@pytest.mark.parametrize("currency", ["EURO", "eur", "XXX", "XAU", ""])
def test_an_unknown_currency_is_refused_d1(currency: str) -> None:
    with pytest.raises(Invalid) as refused:
        money.decimals_of(currency)
    assert refused.value.field == "currency"


@pytest.mark.parametrize("amount", ["1000000000000", "-1000000000000", "1E+100", "Infinity"])
def test_an_amount_or_quantity_of_more_than_twelve_digits_is_refused_d1(amount: str) -> None:
    with pytest.raises(Invalid) as refused:
        money.money(Decimal(amount), "EUR", "amount")
    assert refused.value.field == "amount"
    with pytest.raises(Invalid) as refused:
        money.quantity(Decimal(amount), "quantity")
    assert refused.value.field == "quantity"


def test_the_largest_amount_and_quantity_are_kept_d1() -> None:
    assert money.money(Decimal("999999999999.99"), "EUR", "amount") == Decimal("999999999999.99")
    assert money.quantity(Decimal("-999999999999.999999"), "quantity") < 0


def test_a_quantity_of_more_than_six_decimals_is_refused() -> None:
    with pytest.raises(Invalid, match="at most 6 decimals"):
        money.quantity(Decimal("0.1234567"), "quantity")


def test_quantity_times_price_is_rounded_half_up_to_the_minor_unit_d2() -> None:
    assert str(money.extend(Decimal("0.5"), Decimal("0.01"), "EUR")) == "0.01"
    assert str(money.extend(Decimal("-0.5"), Decimal("0.01"), "EUR")) == "-0.01"
    assert str(money.extend(Decimal("1.5"), Decimal(5), "JPY")) == "8"


def test_quantity_times_price_that_is_too_large_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        money.extend(Decimal(10**11), Decimal(10), "EUR")
    assert refused.value.field == "quantity"


def test_rounding_never_leaves_a_negative_zero() -> None:
    assert str(money.round_to(Decimal("-0.001"), unit_of("EUR"))) == "0.00"


# --- D-2, D-3: known numbers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whole", "percents", "expected"),
    [
        ("500.00", ("70", "30"), ("350.00", "150.00")),
        ("125.00", ("70", "30"), ("87.50", "37.50")),
        ("100.00", ("33.34", "33.33", "33.33"), ("33.34", "33.33", "33.33")),
        ("0.01", ("50", "50"), ("0.00", "0.01")),
        ("-0.01", ("50", "50"), ("0.00", "-0.01")),
        ("-1600.00", ("70", "30"), ("-1120.00", "-480.00")),
        ("0.00", ("70", "30"), ("0.00", "0.00")),
    ],
)
def test_a_whole_is_split_by_percentage_d2(
    whole: str, percents: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert tuple(cut(whole, *percents).values()) == expected


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [(0, ("33.34", "33.33", "33.33")), (2, ("33.33", "33.33", "33.34"))],
)
def test_what_rounding_leaves_over_goes_to_the_rounding_customer_d2(
    rounding: int, expected: tuple[str, ...]
) -> None:
    third = "33.333333"
    percents = [third, third, third]
    percents[rounding] = "33.333334"
    assert tuple(cut("100.00", *percents, rounding=rounding).values()) == expected


def test_what_rounding_took_too_much_comes_off_the_rounding_customer_d2() -> None:
    assert cut("0.03", "50", "50", rounding=1) == {"A": "0.02", "B": "0.01"}
    assert cut("-0.03", "50", "50", rounding=1) == {"A": "-0.02", "B": "-0.01"}


@pytest.mark.parametrize(
    ("currency", "expected"),
    [
        ("JPY", ("333", "333", "334")),
        ("KWD", ("333.333", "333.333", "333.334")),
        ("CLF", ("333.3333", "333.3333", "333.3334")),
    ],
)
def test_shares_are_rounded_to_the_minor_unit_of_any_currency_d1_d2(
    currency: str, expected: tuple[str, ...]
) -> None:
    thirds = ("33.333333", "33.333333", "33.333334")
    assert tuple(cut("1000", *thirds, rounding=2, currency=currency).values()) == expected


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    ("whole", "percents", "rounding", "expected"),
    [
        # What the rounding customer can't take is taken from the others, in the order listed.
        ("0.05", ["12.5"] * 8, 0, ["0.00", "0.00", "0.00", *["0.01"] * 5]),
        ("0.05", ["12.5"] * 8, 7, ["0.00", "0.00", *["0.01"] * 5, "0.00"]),
        ("0.05", ["12.5"] * 8, 1, ["0.00", "0.00", "0.00", *["0.01"] * 5]),
        # First from those whom rounding favoured most: at 10 % by 0.005, at 14 % by 0.003.
        ("0.05", ["14"] * 5 + ["10"] * 3, 0, ["0.00", *["0.01"] * 4, "0.00", "0.00", "0.01"]),
        ("0.02", ["25"] * 4, 3, ["0.00", "0.01", "0.01", "0.00"]),
        # It can: nobody else gives anything.
        ("0.03", ["50", "50"], 1, ["0.02", "0.01"]),
        ("0.01", ["50", "50"], 0, ["0.00", "0.01"]),
    ],
)
def test_no_share_takes_the_sign_against_the_whole_others_give_a_unit_each_d2(
    whole: str, percents: list[str], rounding: int, expected: list[str], sign: str
) -> None:
    found = list(cut(sign + whole, *percents, rounding=rounding).values())
    assert found == [sign * (share != "0.00") + share for share in expected]


def test_quantities_are_split_without_a_share_of_the_wrong_sign_too_d2() -> None:
    amounts = split(Decimal("0.000005"), shares(*["12.5"] * 8), QUANTITY_UNIT)
    assert [int(a / QUANTITY_UNIT) for a in amounts.values()] == [0, 0, 0, 1, 1, 1, 1, 1]


def test_without_a_rounding_customer_the_first_of_the_largest_shares_takes_the_rest_d2() -> None:
    assert cut("0.05", "30", "35", "35", rounding=9) == {"A": "0.02", "B": "0.01", "C": "0.02"}
    assert cut("10.01", "50", "50", rounding=9) == {"A": "5.00", "B": "5.01"}


# --- unit prices (D-1) ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "currency", "kept"),
    [
        ("83.3333", "EUR", "83.3333"),
        ("0.0125", "JPY", "0.0125"),
        ("200", "EUR", "200.00"),
        ("200.500000", "KWD", "200.500"),
        ("0.000001", "CLF", "0.000001"),
        ("-1.50", "JPY", "-1.5"),
        ("999999999999.999999", "EUR", "999999999999.999999"),
        ("-0.000", "EUR", "0.00"),
    ],
)
def test_a_unit_price_has_up_to_six_decimals_in_every_currency_d1(
    price: str, currency: str, kept: str
) -> None:
    assert str(money.unit_price(Decimal(price), currency, "unit_price")) == kept


@pytest.mark.parametrize("price", ["0.0000001", "1000000000000"])
def test_a_unit_price_with_more_digits_is_refused_d1(price: str) -> None:
    with pytest.raises(Invalid) as refused:
        money.unit_price(Decimal(price), "EUR", "unit_price")
    assert refused.value.field == "unit_price"


def test_an_amount_is_quantity_times_price_rounded_once_d1() -> None:
    assert money.extend(Decimal("7.5"), Decimal("83.3333"), "EUR") == Decimal("625.00")
    assert money.extend(Decimal(400), Decimal("0.0125"), "JPY") == Decimal(5)
    assert money.extend(Decimal(1), Decimal("0.005"), "EUR") == Decimal("0.01")
    assert money.extend(Decimal(-1), Decimal("0.005"), "EUR") == Decimal("-0.01")


def test_a_customer_at_0_percent_gets_no_share_d3() -> None:
    assert cut("100.00", "100", "0") == {"A": "100.00"}


def test_while_the_rounding_customer_is_at_0_percent_the_largest_share_takes_the_rest_d2_d3() -> (
    None
):
    assert cut("0.05", "30", "70", "0", rounding=2) == {"A": "0.02", "B": "0.03"}
    assert cut("0.01", "40", "60", "0", rounding=2) == {"A": "0.00", "B": "0.01"}
    assert cut("0.02", "25", "25", "50", "0", rounding=3) == {"A": "0.01", "B": "0.01", "C": "0.00"}


# --- D-4 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customers", "rounding", "expected"),
    [
        ("AB", "A", {"A": "50.00", "B": "50.00"}),
        ("ABC", "C", {"A": "33.33", "B": "33.33", "C": "33.34"}),
        ("ABCDEFG", "B", {**dict.fromkeys("ACDEFG", "14.28"), "B": "14.32"}),
        ("A", "A", {"A": "100.00"}),
    ],
)
def test_distribute_evenly_gives_the_same_to_all_and_the_rest_to_the_rounding_customer_d4(
    customers: str, rounding: str, expected: dict[str, str]
) -> None:
    assert splitting.even_percentages(customers, rounding) == {
        customer: Decimal(percent) for customer, percent in expected.items()
    }


# --- any split (D-2, D-3) ----------------------------------------------------------------------


@st.composite
def any_shares(draw: st.DrawFn) -> list[Share]:
    """Up to ten customers, percentages of up to four decimals, some of them 0."""
    marks = draw(st.lists(st.integers(0, 1_000_000), max_size=9))
    edges = [0, *sorted(marks), 1_000_000]
    percents = [Decimal(high - low).scaleb(-4) for low, high in pairwise(edges)]
    rounding = draw(st.integers(0, len(percents) - 1))
    return shares(*map(str, percents), rounding=rounding)


@st.composite
def many_shares(draw: st.DrawFn) -> list[Share]:
    """Up to two hundred customers with about as much each, so that rounding has much to leave."""
    count = draw(st.integers(2, 200))
    even = splitting.even_percentages([str(n) for n in range(count)], "0")
    rounding = draw(st.integers(-1, count - 1))
    return [
        Share(customer_id=customer, percent=percent, rounding=n == rounding)
        for n, (customer, percent) in enumerate(even.items())
    ]


any_unit = st.sampled_from([*(unit_of(code) for code in ("JPY", "EUR", "KWD", "CLF"))]) | st.just(
    QUANTITY_UNIT
)
any_whole = st.integers(-(10**15), 10**15) | st.integers(-100, 100)


@given(any_whole, any_shares(), any_unit)
def test_the_shares_always_add_up_to_the_whole_d2(
    units: int, among: list[Share], unit: Decimal
) -> None:
    whole = units * unit
    assert sum(split(whole, among, unit).values()) == whole


@given(any_whole, any_shares(), any_unit)
def test_only_customers_with_a_percentage_get_a_share_and_all_of_them_d3(
    units: int, among: list[Share], unit: Decimal
) -> None:
    assert list(split(units * unit, among, unit)) == [s.customer_id for s in among if s.percent]


@given(any_whole, any_shares(), any_unit)
def test_no_share_is_further_from_exact_than_a_unit_a_customer_d2(
    units: int, among: list[Share], unit: Decimal
) -> None:
    whole = units * unit
    amounts = split(whole, among, unit)
    for share in among:
        exact = whole * share.percent / 100
        assert abs(amounts.get(share.customer_id, Decimal(0)) - exact) <= unit * len(amounts)
    far = [s for s in among if abs(amounts.get(s.customer_id, 0) - whole * s.percent / 100) > unit]
    assert len(far) <= 1


@given(any_whole, any_shares() | many_shares(), any_unit)
def test_no_share_takes_the_sign_against_the_whole_d2(
    units: int, among: list[Share], unit: Decimal
) -> None:
    assert [a for a in split(units * unit, among, unit).values() if a * units < 0] == []


@given(any_whole, any_shares() | many_shares(), any_unit)
def test_every_share_but_that_of_the_rounding_customer_is_within_a_unit_of_exact_d2(
    units: int, among: list[Share], unit: Decimal
) -> None:
    whole = units * unit
    takes_rest = max((s for s in among if s.percent), key=lambda s: (s.rounding, s.percent))
    for share in among:
        if share.percent and share is not takes_rest:
            exact = whole * share.percent / 100
            assert abs(split(whole, among, unit)[share.customer_id] - exact) <= unit


@given(any_whole, many_shares(), any_unit)
def test_others_give_a_unit_only_where_the_rounding_customer_is_down_to_zero_d2(
    units: int, among: list[Share], unit: Decimal
) -> None:
    whole = units * unit
    amounts = split(whole, among, unit)
    takes_rest = max((s for s in among if s.percent), key=lambda s: (s.rounding, s.percent))
    rounded = {
        s.customer_id: money.round_to(whole * s.percent / 100, unit)
        for s in among
        if s.percent and s is not takes_rest
    }
    gave = {c for c, amount in rounded.items() if amounts[c] != amount}
    assert not gave or amounts[takes_rest.customer_id] == 0
    favour = {
        s.customer_id: abs(rounded[s.customer_id]) - abs(whole * s.percent / 100)
        for s in among
        if s.customer_id in rounded
    }
    in_order = sorted(rounded, key=lambda customer: -favour[customer])
    assert gave == set(in_order[: len(gave)])


@given(any_whole, any_shares(), any_unit)
def test_a_credit_is_split_as_its_debit_was_d2(
    units: int, among: list[Share], unit: Decimal
) -> None:
    debit, credit = split(units * unit, among, unit), split(-units * unit, among, unit)
    assert credit == {customer: -amount for customer, amount in debit.items()}


@given(any_whole, any_shares())
def test_every_share_is_a_multiple_of_the_minor_unit_of_any_currency_d1(
    units: int, among: list[Share]
) -> None:
    for currency in ("JPY", "EUR", "KWD", "CLF"):
        unit = unit_of(currency)
        amounts = split(units * unit, among, unit)
        assert all(money.round_to(amount, unit) == amount for amount in amounts.values())


@given(st.integers(1, 200), st.data())
def test_even_percentages_always_total_100_d4(count: int, data: st.DataObject) -> None:
    customers = [str(n) for n in range(count)]
    percents = splitting.even_percentages(customers, data.draw(st.sampled_from(customers)))
    assert sum(percents.values()) == 100
    assert len(set(percents.values())) <= 2


@given(any_whole, st.sampled_from(sorted(MINOR_UNITS)))
def test_an_amount_in_units_of_its_currency_is_kept_as_it_is_d1(units: int, currency: str) -> None:
    amount = units * unit_of(currency)
    assume(abs(amount) < 10**12)
    assert money.money(amount, currency, "amount") == amount

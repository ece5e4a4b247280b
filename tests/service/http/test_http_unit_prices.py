"""Unit prices over HTTP: six decimals in every currency, from approval to actual (D-1)."""

from collections.abc import Sequence
from decimal import Decimal

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

TM = "/backlog/time-and-material"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line for A and B in each of three currencies."""
    caller = Caller(http)
    for currency in ("EUR", "JPY", "KWD"):
        await caller.contract(currency, currency=currency)
        await caller.line(contract_id=currency)
    return caller


async def recorded(caller: Caller, currency: str, price: str, quantity: str = "1") -> Json:
    """The row of an approval at this price."""
    posted = approval(
        f"{currency}-{price}-{quantity}",
        contract_id=currency,
        currency=currency,
        unit_price=price,
        quantity=quantity,
    )
    (result,) = await caller.post(posted)
    assert result["outcome"] == "recorded", result
    return await caller.item(result["items"][0])


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "shown", "amount"),
    [
        ("EUR", "83.3333", "7.5", "83.3333", "625.00"),
        ("EUR", "0.0125", "400", "0.0125", "5.00"),
        ("EUR", "200", "8", "200.00", "1600.00"),
        ("EUR", "12.500000", "2", "12.50", "25.00"),
        ("EUR", "12.345600", "1", "12.3456", "12.35"),
        ("JPY", "83.3333", "1", "83.3333", "83"),
        ("JPY", "51.0", "1", "51", "51"),
        ("KWD", "0.0005", "1", "0.0005", "0.001"),
        ("KWD", "40", "1", "40.000", "40.000"),
        ("EUR", "-1.0050", "1", "-1.005", "-1.01"),
        ("EUR", "999999999999.999999", "0.5", "999999999999.999999", "500000000000.00"),
    ],
)
async def test_a_unit_price_is_shown_in_full_wherever_it_is_shown_d1(
    caller: Caller, currency: str, price: str, quantity: str, shown: str, amount: str
) -> None:
    row = await recorded(caller, currency, price, quantity)
    assert (row["unit_price"], row["amount"]) == (shown, amount)
    found = await caller.rows(TM)
    assert [(r["unit_price"], r["amount"]) for r in found] == [(shown, amount)]
    await caller.mark([row["item_id"]])
    (drafted,) = (await caller.draft(currency))["invoices"]
    read = await caller.get(f"/invoices/{drafted['invoice_id']}")
    for invoice in (drafted, read, await caller.confirm(drafted["invoice_id"])):
        (detail,) = invoice["lines"][0]["details"]
        assert (detail["unit_price"], detail["amount"]) == (shown, amount)
    actuals = await caller.actuals_of(row["item_id"])
    assert [r["unit_price"] for r in actuals] == [shown] * 3


async def test_a_page_of_several_currencies_shows_each_price_in_full_d1(caller: Caller) -> None:
    for currency in ("EUR", "JPY", "KWD"):
        await recorded(caller, currency, "2.5")
    rows = await caller.rows(TM, sort="currency")
    assert [row["unit_price"] for row in rows] == ["2.50", "2.5", "2.500"]
    by_price: Sequence[Json] = await caller.rows(TM, sort="unit_price,currency")
    assert [row["currency"] for row in by_price] == ["EUR", "JPY", "KWD"]


async def test_a_milestone_on_an_invoice_has_its_amount_as_its_price_d1(caller: Caller) -> None:
    await caller.line("FP", contract_id="KWD", method="fixed_price")
    made = await caller.milestone("7.5", contract_id="KWD", line_id="FP")
    await caller.mark([part["item_id"] for part in made["parts"]])
    (drafted,) = (await caller.draft("KWD"))["invoices"]
    (detail,) = drafted["lines"][0]["details"]
    assert detail["unit_price"] == "7.500"


@pytest.mark.parametrize("price", ["0.0000001", "83.33333333", "1" + "0" * 12])
@pytest.mark.parametrize("currency", ["EUR", "JPY"])
async def test_a_price_with_more_digits_is_refused_d1(
    caller: Caller, currency: str, price: str
) -> None:
    before = caller.position
    posted = approval("ap", contract_id=currency, currency=currency, unit_price=price)
    (result,) = await caller.post(posted)
    assert result["outcome"] == "refused"
    assert result["problem"]["errors"][0]["field"] == "data.unit_price"
    await caller.nothing_happened(before)


async def test_an_amount_too_large_for_the_books_is_refused_and_says_why_d1(
    caller: Caller,
) -> None:
    before = caller.position
    for price in ("999999999999.999999", "1000000.5", "-1000000.5"):
        posted = approval(f"ap{price}", contract_id="EUR", unit_price=price, quantity="1000000")
        (result,) = await caller.post(posted)
        assert result["outcome"] == "refused"
        assert "12 digits" in result["problem"]["detail"]
    await caller.nothing_happened(before)


async def test_eight_customers_share_five_cents_without_a_negative_share_d2(
    caller: Caller,
) -> None:
    eight = [f"K{n}" for n in range(8)]
    await caller.contract("PC-8", customers=eight)
    await caller.line(contract_id="PC-8", splits=dict.fromkeys(eight, "12.5"))
    sign = {"ap-1": "", "ap-2": "-"}
    for approval_id, minus in sign.items():
        items = await caller.sales(
            approval_id, "0.05", contract_id="PC-8", quantity=f"{minus}1", tax=f"{minus}0.05"
        )
        rows = {row["customer_id"]: row for row in [await caller.item(item) for item in items]}
        for name in ("amount", "tax"):
            shares = [Decimal(rows[customer][name]) for customer in eight]
            assert [abs(share) for share in shares] == [Decimal(0)] * 3 + [Decimal("0.01")] * 5
            assert sum(shares) == Decimal(f"{minus}0.05")

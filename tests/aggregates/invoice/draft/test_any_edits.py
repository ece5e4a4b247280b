"""Whatever is edited, by hand or taken off: totals are the sums of details, and edits go back."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import given as for_any
from hypothesis import strategies as st

from aggregates.contract_line.entries import Approval
from aggregates.invoice.details import Detail
from aggregates.money import unit_of
from aggregates.statuses import BillingType
from tests.aggregates.examples import CONFIRM, an_approval
from tests.aggregates.invoice.draft.test_by_hand import by_hand
from tests.aggregates.invoice.drafts import (
    a_correction,
    a_draft,
    an_edit,
    detail,
    edits,
    invoice,
    remove,
    summed,
)
from tests.spec import Outcome

CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])
CHARGED = st.sampled_from(
    [BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY]
)
Change = tuple[int, Decimal | None, Decimal | None, int | None, BillingType | None]


def positive(places: int, most: int = 10_000) -> st.SearchStrategy[Decimal]:
    return st.integers(1, most).map(lambda n: Decimal(n).scaleb(-places))


@st.composite
def works(draw: st.DrawFn) -> tuple[str, list[Approval]]:
    """Approvals of one currency, each positive or negative, with tax of the same sign."""
    currency = draw(CURRENCIES)
    work: list[Approval] = []
    for name in "123":
        sign = draw(st.sampled_from([1, -1]))
        tax = draw(st.integers(0, 500)) * unit_of(currency)
        work.append(
            an_approval(
                name,
                quantity=str(sign * draw(positive(2))),
                price=str(draw(positive(4))),
                tax=str(sign * tax),
                currency=currency,
            )
        )
    return currency, work


CHANGES = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.none() | positive(3),
        st.none() | positive(4),
        st.none() | st.integers(0, 900),
        st.none() | CHARGED,
    ),
    max_size=5,
)


def edited(story: Outcome, change: Change, currency: str) -> Outcome:
    """A detail changed so, with the signs that it has."""
    which, quantity, price, tax, billing_type = change
    of = detail(story, str(which))
    sign = 1 if of.basis.quantity > 0 else -1
    fields: dict[str, str] = {}
    if quantity is not None:
        fields["quantity"] = str(sign * quantity)
    if price is not None:
        fields["unit_price"] = str(price)
    if tax is not None:
        fields["tax"] = str(sign * tax * unit_of(currency))
    return story.when(edits(an_edit(of, **fields, billing_type=billing_type)))


def check_totals(story: Outcome, currency: str) -> None:
    """The invoice's totals are counted from its details alone, and are whole minor units."""
    made, unit = invoice(story), unit_of(currency)
    counted = summed(made).fields()
    assert (made.lines, made.amount, made.tax) == (
        counted["lines"],
        counted["amount"],
        counted["tax"],
    )
    for each in made.details.values():
        assert each.stands.amount % unit == each.stands.tax % unit == 0


def check_amount(of: Detail, currency: str) -> None:
    """Amount and tax are what the rule says, computed with fractions (D-65)."""
    stands, source = of.stands, of.basis
    if (stands.quantity, stands.unit_price) == (source.quantity, source.unit_price):
        assert stands.amount == source.amount
        return
    assert stands.amount == rounded(
        Fraction(stands.quantity) * Fraction(stands.unit_price), currency
    )


def rounded(value: Fraction, currency: str) -> Decimal:
    units = abs(value) / Fraction(unit_of(currency))
    whole = int(units + Fraction(1, 2))
    return (whole if value >= 0 else -whole) * unit_of(currency)


@for_any(works(), CHANGES)
def test_totals_are_the_sums_of_details_after_any_edits_and_edits_go_back_to_the_source_d65_d67(
    made: tuple[str, list[Approval]], changes: list[Change]
) -> None:
    currency, work = made
    drafted = story = a_draft(*work, currency=currency)
    for change in changes:
        after = edited(story, change, currency)
        if after.refusal:
            assert after.refusal.code == "tax_without_amount"  # it rounds to nothing
            continue
        story = after
        check_totals(story, currency)
        check_amount(detail(story, str(change[0])), currency)
    back = [
        an_edit(
            each,
            quantity=str(each.basis.quantity),
            unit_price=str(each.basis.unit_price),
            tax=str(each.basis.tax),
            billing_type=each.basis.billing_type,
        )
        for each in invoice(story).listed()
    ]
    story = story.when(edits(*back))
    assert invoice(story).listed() == invoice(drafted).listed()
    assert invoice(story).lines == invoice(drafted).lines


@for_any(works(), CHANGES)
def test_the_tax_that_follows_is_the_source_s_in_proportion_to_the_cent_d65(
    made: tuple[str, list[Approval]], changes: list[Change]
) -> None:
    currency, work = made
    story = a_draft(*work, currency=currency)
    for which, quantity, price, _, _ in changes:
        before = detail(story, str(which))
        story = edited(story, (which, quantity, price, None, None), currency)
        stands, source = detail(story, str(which)).stands, before.basis
        if not source.amount or not stands.amount:
            continue
        expected = rounded(
            Fraction(source.tax) * Fraction(stands.amount) / Fraction(source.amount), currency
        )
        assert stands.tax == expected
        assert stands.tax == stands.tax.quantize(unit_of(currency), ROUND_HALF_UP)


@for_any(works(), CHANGES, st.permutations("123"), st.integers(0, 3), st.booleans())
def test_totals_are_the_sums_of_details_as_details_come_and_go_d43_d68_d69(
    made: tuple[str, list[Approval]],
    changes: list[Change],
    order: list[str],
    gone: int,
    is_ready: bool,
) -> None:
    currency, work = made
    story = a_draft(*work, currency=currency)
    story = story.when(by_hand(unit_price="7", tax="1", line_id="F1"))
    check_totals(story, currency)
    for change in changes:
        after = edited(story, change, currency)
        story = story if after.refusal else after
    for name in order[:gone]:
        story = remove(story, name, is_ready=is_ready)
        check_totals(story, currency)
    story = remove(story, "Permit")
    check_totals(story, currency)
    assert len(invoice(story).details) == 3 - gone


@for_any(works(), CHANGES)
def test_a_correction_counts_with_its_change_whatever_stays_d76_d77(
    made: tuple[str, list[Approval]], changes: list[Change]
) -> None:
    currency, work = made
    story = a_correction(a_draft(*work, currency=currency).when(CONFIRM))
    for which, quantity, price, tax, _ in changes:
        after = edited(story, (which, quantity, price, tax, None), currency)
        story = story if after.refusal else after
        check_totals(story, currency)
    back = [
        an_edit(each, quantity=str(each.basis.quantity), unit_price=str(each.basis.unit_price))
        for each in invoice(story).listed()
    ]
    story = story.when(edits(*back))
    check_totals(story, currency)
    again = [an_edit(each, tax=str(each.basis.tax)) for each in invoice(story).listed()]
    story = story.when(edits(*again))
    assert (invoice(story).amount, invoice(story).tax) == (0, 0)
    assert not any(each.edited for each in invoice(story).details.values())

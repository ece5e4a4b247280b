"""What one edit makes of a detail: which of its fields, and what amount and tax follow (D-65)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from aggregates import money
from aggregates.invoice.details import Detail
from aggregates.invoice.events import MILESTONE, InvoiceDetail
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import BillingType, TransactionClass

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailEdit:
    """What is to change of a detail; what is None stays, an `external_description` of "" goes.

    `amount` is that of a milestone on a correction. `fixed` names fields that were given and that
    no edit changes.
    """

    detail_id: str
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    billing_type: BillingType | None = None
    description: str | None = None
    external_description: str | None = None
    fixed: tuple[str, ...] = ()


def edited(edit: DetailEdit, detail: Detail, currency: str) -> InvoiceDetail:
    """The detail as the edit leaves it: amounts from its source and the whole edit so far (D-65).

    A correction's source is the billed detail (D-77); one by hand derives from what was put on the
    draft. Raises Invalid for a field that can't be edited or not so, Refused for the billing type
    of a corrective detail.
    """
    _check_fields(edit, detail)
    stands = detail.stands
    after = _work(edit, detail, currency)
    if edit.amount is not None:
        after = _credited(edit.amount, detail, currency)
    tax = after.tax
    if edit.tax is not None:
        tax = given_tax(edit.tax, after.amount, currency, detail.basis)
    external = stands.external_description
    if edit.external_description is not None:
        external = edit.external_description or None
    return replace(
        after,
        tax=tax,
        billing_type=edit.billing_type or stands.billing_type,
        description=stands.description if edit.description is None else edit.description,
        external_description=external,
    )


def given_price(value: Decimal, currency: str) -> Decimal:
    """A unit price that a caller gives for a detail. Raises Invalid below 0 (D-65)."""
    price = money.unit_price(value, currency, "unit_price")
    if price < 0:
        raise Invalid("unit_price", "must be 0 or more: a discount has a negative quantity", "D-65")
    return price


def given_tax(
    value: Decimal, amount: Decimal, currency: str, basis: InvoiceDetail | None = None
) -> Decimal:
    """The tax that a caller gives on this amount; that of the source is right at its amount.

    Raises Invalid for tax on an amount of 0, or of its opposite sign (D-65).
    """
    tax = money.money(value, currency, "tax")
    if basis and (amount, tax) == (basis.amount, basis.tax):
        return tax
    if tax and not amount:
        detail = "there is no tax on an amount of 0: make it 0"
        raise Invalid("tax", detail, "D-65", code="tax_without_amount")
    if tax * amount < 0:
        detail = f"has the opposite sign of the amount, {amount:f}"
        raise Invalid("tax", detail, "D-65", code="tax_without_amount")
    return tax


def not_zero(quantity: Decimal) -> Decimal:
    """The quantity itself. Raises Invalid for 0 (D-65)."""
    if not quantity:
        detail = "must not be 0: remove the detail, or change its billing type"
        raise Invalid("quantity", detail, "D-65", code="quantity_zero")
    return quantity


def check_by_hand(quantity: Decimal, kind: str) -> None:
    """Raises Invalid for a negative quantity by hand that is no fee: only those are discounts."""
    if quantity < 0 and kind != TransactionClass.FEE:
        detail = f"must be above 0, for the class is {kind}: a discount by hand is a fee"
        raise Invalid("quantity", detail, "D-68", code="negative_quantity")


# --- helpers -----------------------------------------------------------------------------------


def _check_fields(edit: DetailEdit, detail: Detail) -> None:
    """Raises Invalid for what is given and can't be edited of this detail (D-42, D-66, D-77)."""
    is_milestone = detail.stands.kind == MILESTONE
    given = [*edit.fixed]
    given += ["quantity"] if is_milestone and edit.quantity is not None else []
    given += ["unit_price"] if is_milestone and edit.unit_price is not None else []
    if edit.amount is not None and not (is_milestone and detail.corrects):
        given.append("amount")
    if given:
        of = "a milestone" if is_milestone else "a detail"
        raise Invalid(given[0], f"can't be edited of {of}", "D-42", code="field_not_editable")
    if edit.billing_type is BillingType.NOT_AVAILABLE:
        raise Invalid("billing_type", "a detail is charged, or shown at no charge", "D-66")
    if detail.corrects and edit.billing_type not in {None, detail.stands.billing_type}:
        raise Refused("billing_type_locked", "a correction keeps the billing type", "D-77")


def _work(edit: DetailEdit, detail: Detail, currency: str) -> InvoiceDetail:
    """The detail with quantity and price as given, and the amount and tax of these (D-65, D-77)."""
    stands, source = detail.stands, detail.basis
    quantity, price = stands.quantity, stands.unit_price
    if edit.quantity is not None:
        quantity = _quantity(edit.quantity, detail)
    if edit.unit_price is not None and edit.unit_price != source.unit_price:
        price = given_price(edit.unit_price, currency)
    elif edit.unit_price is not None:
        price = source.unit_price
    if (quantity, price) == (stands.quantity, stands.unit_price):
        return stands
    if detail.corrects and not quantity:
        amount = _ZERO
    elif (quantity, price) == (source.quantity, source.unit_price):
        amount = source.amount
    else:
        amount = money.extend(quantity, price, currency)
    return _at(detail, quantity, price, amount, currency)


def _quantity(value: Decimal, detail: Detail) -> Decimal:
    """The quantity given, of the source's sign; 0 leaves nothing billed, of a correction alone.

    What the source has is always right. One by hand has no source but the rules for it (D-68).
    """
    quantity, source = money.quantity(value, "quantity") or _ZERO, detail.basis
    if quantity == source.quantity:
        return source.quantity
    if not detail.corrects:
        not_zero(quantity)
    if detail.by_hand:
        check_by_hand(quantity, detail.stands.kind)
    elif quantity * source.quantity < 0:
        detail_text = f"has the opposite sign of {source.quantity:f}, which it was drafted with"
        raise Invalid("quantity", detail_text, "D-65", code="wrong_sign")
    return quantity


def _credited(value: Decimal, detail: Detail, currency: str) -> InvoiceDetail:
    """A milestone on a correction, of which this amount stays billed (D-81)."""
    amount, source = money.money(value, currency, "amount"), detail.basis
    if amount * source.amount < 0:
        text = f"has the opposite sign of the amount billed, {source.amount:f}"
        raise Invalid("amount", text, "D-65", code="wrong_sign")
    if abs(amount) > abs(source.amount):
        text = f"is more than was billed, {source.amount:f}"
        raise Invalid("amount", text, "D-81", code="exceeds_original")
    if amount == detail.stands.amount:
        return detail.stands
    quantity, price = (_ONE, amount) if amount else (_ZERO, source.unit_price)
    if amount == source.amount:
        quantity, price = source.quantity, source.unit_price
    return _at(detail, quantity, price, amount, currency)


def _at(
    detail: Detail, quantity: Decimal, price: Decimal, amount: Decimal, currency: str
) -> InvoiceDetail:
    """The detail at this quantity, price and amount, with the source's tax in proportion (D-65)."""
    source = detail.basis
    if detail.corrects and not quantity:
        tax = _ZERO
    elif amount == source.amount:
        tax = source.tax
    else:
        tax = money.in_proportion(source.tax, amount, source.amount, currency)
    return replace(detail.stands, quantity=quantity, unit_price=price, amount=amount, tax=tax)

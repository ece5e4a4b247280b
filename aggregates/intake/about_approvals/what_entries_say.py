"""What an approved entry says: as it was approved or corrected last, and as it is corrected now."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import Any

from aggregates import money
from aggregates.contract_line.charging import billing_type_of
from aggregates.contract_line.entries import Approval
from aggregates.deal import Deal
from aggregates.intake.about_approvals.approvals import KnownApproval
from aggregates.intake.about_approvals.origins import Origin
from aggregates.intake.about_approvals.recalls import AboutApproval
from aggregates.intake.events import CorrectedEntry
from aggregates.refusals import Refused
from aggregates.statuses import BillingType

_ZERO = Decimal(0)
_CHARGED = {"quantity", "billable_quantity", "unit_price"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectApproval(AboutApproval):
    """Correct an approved entry: `new` has what changes, by the name of the approval's field."""

    new: Mapping[str, Any]


def entry_of(known: KnownApproval, origins: Sequence[Origin], deal: Deal) -> Approval:
    """The entry again: as it was corrected last, else as it was approved, by what it came to.

    Raises Refused when nothing is left that tells it.
    """
    if known.entry:
        return _said_by(known, known.entry)
    if not origins:
        raise Refused("approval_canceled", "nothing is left of the approval to correct", "D-82")
    place, work, line = known.place, origins[0].work, deal.lines[known.place.line_id]
    charged = [o.sale for o in origins if o.sale.billing_type is BillingType.CHARGEABLE]
    others = [o.sale for o in origins if o.sale.billing_type is not BillingType.CHARGEABLE]
    billed = charged or others
    quantity = sum((sale.quantity for sale in [*charged, *others]), _ZERO)
    rest_of_them = charged and others
    entry = Approval(
        source=str(known.as_recorded.source),
        approval_id=known.as_recorded.approval_id,
        contract_id=place.contract_id,
        line_id=place.line_id,
        transaction_class=work.transaction_class,
        date=work.date,
        quantity=quantity,
        billable_quantity=(
            sum((sale.quantity for sale in charged), _ZERO) if rest_of_them else None
        ),
        unit_price=work.unit_price,
        tax=sum((sale.tax for sale in billed), _ZERO),
        currency=line.currency,
        role=work.role,
        category=work.category,
        task_id=work.task_id,
        resource=work.resource,
        description=work.description,
        billing_type=BillingType.CHARGEABLE,
        digest=known.as_recorded.digest,
    )
    if known.said:
        return replace(entry, **asdict(known.said))
    # What the terms took away was approved as chargeable, and may be charged elsewhere (D-22).
    by_terms = billing_type_of(entry, line) is not BillingType.CHARGEABLE
    return entry if charged or by_terms else replace(entry, billing_type=others[0].billing_type)


def _said_by(known: KnownApproval, entry: CorrectedEntry) -> Approval:
    """The entry as it was corrected last, or as it came and was not billable."""
    return Approval(
        source=str(known.as_recorded.source),
        approval_id=known.as_recorded.approval_id,
        **known.place._asdict(),
        digest=known.as_recorded.digest,
        **{each.name: getattr(entry, each.name) for each in fields(CorrectedEntry)},
    )


def changed(
    command: CorrectApproval, before: Approval, known: KnownApproval, deal: Deal
) -> Approval:
    """The entry with what changes; its tax follows its amount unless it is given (D-65)."""
    if deal.contract.currency != before.currency:
        raise Refused(
            "currency",
            f"contract {deal.contract.contract_id!r} is in {deal.contract.currency}, the entry in "
            f"{before.currency}: recall it, and have it approved there",
            "D-85",
        )
    again = f"corrected {known.corrections + 1}"
    generation = (*known.generation, again)
    changed = replace(before, **command.new, generation=generation)
    if "tax" in command.new or not _CHARGED & command.new.keys():
        return changed
    # Where nothing was billable, the tax stood on all of it (D-21).
    was = _amount(replace(before, billable_quantity=before.billable_quantity or None))
    is_now = _amount(changed)
    if not was or was == is_now:
        return changed
    unit = money.unit_of(before.currency)
    tax = money.round_to(money.EXACT.divide(before.tax * is_now, was), unit)
    return replace(changed, tax=tax)


def _amount(entry: Approval) -> Decimal:
    """What its billable part is worth; all of it where that is not charged."""
    billable = entry.billable_quantity
    if billable is None or entry.billing_type is BillingType.NON_CHARGEABLE:
        billable = entry.quantity
    return money.extend(billable, entry.unit_price, entry.currency)

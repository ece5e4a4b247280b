"""A detail of an invoice as it stands: what it bills, what it was drafted from, who corrects it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aggregates.invoice.events import MILESTONE, CorrectiveDetail, EditedDetail, InvoiceDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A detail on an invoice.

    `source` is what it was drafted from, and what edits derive from (D-65): None for one by hand,
    of which `by_hand` is how it was put on the draft (D-68). Of a corrective detail the source is
    the billed detail that it `corrects`, as that stands billed (D-76). `recalled_by` is the parked
    event that recalls its approval (D-23). `in_correction` is the invoice of an open correction of
    it, `corrected_by` that of a confirmed one (D-79).
    """

    stands: InvoiceDetail
    source: InvoiceDetail | None
    by_hand: InvoiceDetail | None = None
    corrects: str | None = None
    recalled_by: str | None = None
    in_correction: str | None = None
    corrected_by: str | None = None

    @property
    def edited(self) -> bool:
        """Whether its billing type, quantity, price or tax differ from the source's (D-67)."""
        return self.source is not None and _charged(self.stands) != _charged(self.source)

    @property
    def basis(self) -> InvoiceDetail:
        """What edits derive from: its source, or what was put on the draft by hand (D-65)."""
        return self.source or self.by_hand or self.stands

    @property
    def change(self) -> tuple[Decimal, Decimal]:
        """The amount and tax that it counts with in totals: of a correction, the change (D-76)."""
        stands, corrected = self.stands, self.source if self.corrects else None
        if corrected is None:
            return stands.amount, stands.tax
        return stands.amount - corrected.amount, stands.tax - corrected.tax

    @property
    def stays(self) -> bool:
        """Whether anything of it is billed: of a correction, whether anything stays so (D-76)."""
        if self.source and self.source.amount and self.stands.kind == MILESTONE:
            return bool(self.stands.amount)
        return bool(self.stands.quantity)

    @property
    def has_billed(self) -> bool:
        """Whether it holds a billed row once confirmed: an unchanged correction has none (D-77)."""
        return self.stays and (self.corrects is None or self.edited)

    def with_edit(self, edit: EditedDetail) -> Detail:
        """The detail as an edit leaves it."""
        return replace(
            self,
            stands=replace(
                self.stands,
                description=edit.description,
                external_description=edit.external_description,
                quantity=edit.quantity,
                unit_price=edit.unit_price,
                amount=edit.amount,
                tax=edit.tax,
                billing_type=edit.billing_type,
            ),
        )


def _charged(detail: InvoiceDetail) -> tuple[object, ...]:
    """What an edit changes; the amount follows, but for a milestone that is corrected (D-81)."""
    return detail.billing_type, detail.quantity, detail.unit_price, detail.tax, detail.amount


def drafted(detail: InvoiceDetail) -> Detail:
    """A detail as it goes on a draft: it is its own source, unless it was put there by hand."""
    if detail.item_id is None:
        return Detail(stands=detail, source=None, by_hand=detail)
    return Detail(stands=detail, source=detail)


def corrective(added: CorrectiveDetail) -> Detail:
    """A detail as it goes on a correction: what it corrects is its source (D-76)."""
    original = added.original
    return Detail(stands=added.detail, source=original, corrects=original.detail_id)


def items_by_line(details: Iterable[Detail]) -> dict[str, list[str]]:
    """The items that these details hold, by contract line: a correction holds none (D-76)."""
    items: dict[str, list[str]] = {}
    for detail in details:
        if detail.stands.item_id is not None and detail.corrects is None:
            items.setdefault(detail.stands.line_id, []).append(detail.stands.item_id)
    return items


def recalled_by(details: Iterable[Detail]) -> list[str]:
    """The parked events that recall these details, each once (D-23)."""
    return sorted({detail.recalled_by for detail in details if detail.recalled_by})


def detail_order(detail: InvoiceDetail) -> tuple[str, date, str, str]:
    """Details are in the order of their lines, dates and items."""
    return detail.line_id, detail.date, detail.item_id or "", detail.detail_id

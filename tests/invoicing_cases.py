"""The cases of docs/invoicing.md: what each says, and how it is worked."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.invoicing_desk import Desk, details
from tests.office import Json


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what its heading and its text say, and how it is worked."""

    title: str
    text: str
    work: Callable[[Desk], None]


def _ten_hours(desk: Desk) -> Json:
    desk.deal()
    items = desk.approve("10", "130.00")
    desk.rows()
    return desk.draft(*items)


def _unchanged(desk: Desk) -> None:
    desk.confirm(_ten_hours(desk))


def _cut(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), quantity="8"))


def _raised(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), quantity="12"))


def _price(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), unit_price="120.00"))


def _price_and_quantity(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), quantity="8", unit_price="120.00"))


def _complimentary(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), billing_type="complimentary"))


def _tax(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), tax="200.00"))


def _descriptions(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), external_description="Consulting in October"))


def _negative(desk: Desk) -> None:
    desk.deal()
    items = desk.approve("-4", "130.00")
    desk.rows()
    desk.confirm(desk.edit(desk.draft(*items), quantity="-3"))


def _milestone_taxed(desk: Desk) -> None:
    desk.deal()
    desk.confirm(desk.edit(desk.draft(desk.milestone("4000.00", "760.00")), tax="700.00"))


def _by_hand(desk: Desk) -> None:
    desk.confirm(desk.by_hand(_ten_hours(desk), "T"))


def _by_hand_fixed(desk: Desk) -> None:
    desk.deal()
    desk.confirm(desk.by_hand(desk.draft(desk.milestone("4000.00", "760.00")), "F"))


def _invoiced(desk: Desk) -> Json:
    return desk.confirm(_ten_hours(desk))


def _credited(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("All of it is corrected, nothing stays billed:")
    desk.confirm(desk.correct(invoice))
    desk.backlog()


def _credited_in_part(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("7 hours stay billed:")
    desk.confirm(desk.correct(invoice, quantity="7"))
    desk.backlog()


def _other_price(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("All hours stay, at 120:")
    desk.confirm(desk.correct(invoice, quantity="10", unit_price="120.00"))
    desk.backlog()


def _more_hours(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("12 hours are billed instead:")
    desk.confirm(desk.correct(invoice, quantity="12"))
    desk.backlog()


def _other_tax(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("All hours stay, with a tax of 200.00:")
    desk.confirm(desk.correct(invoice, quantity="10", tax="200.00"))
    desk.backlog()


def _less_taken_back(desk: Desk) -> None:
    desk.deal()
    items = desk.approve("-4", "130.00")
    desk.rows()
    invoice = desk.confirm(desk.draft(*items))
    desk.write("3 of the 4 hours stay credited:")
    desk.confirm(desk.correct(invoice, quantity="-3"))
    desk.backlog()


def _hand_taken_back(desk: Desk) -> None:
    confirmed = desk.confirm(desk.by_hand(_ten_hours(desk), "T"))
    (fee,) = (each["detail_id"] for each in details(confirmed) if each["item_id"] is None)
    desk.write("The fee is credited whole; it comes back like approved work:")
    path = f"/invoices/{confirmed['invoice_id']}/corrections"
    desk.confirm(desk.call("POST", path, {"details": [fee]}))
    desk.backlog()


def _hand_credited(desk: Desk) -> None:
    desk.deal()
    invoice = desk.by_hand(desk.draft(desk.milestone("4000.00", "760.00")), "F")
    confirmed = desk.confirm(invoice)
    (fee,) = (each["detail_id"] for each in details(confirmed) if each["item_id"] is None)
    desk.write("The fee is corrected to half its price:")
    path = f"/invoices/{confirmed['invoice_id']}/corrections"
    draft = desk.call("POST", path, {"details": [fee]})
    desk.confirm(desk.edit(draft, quantity="1", unit_price="40.00"))


def _chain(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("First correction: 7 hours stay.")
    first = desk.confirm(desk.correct(invoice, quantity="7"))
    desk.write("Second, of the first: the 7 hours at 120.")
    second = desk.confirm(desk.correct(first, quantity="7", unit_price="120.00"))
    desk.write("Third, of the second: nothing stays.")
    desk.confirm(desk.correct(second))
    desk.backlog()


def _milestone(desk: Desk) -> Json:
    desk.deal()
    return desk.confirm(desk.draft(desk.milestone("4000.00", "760.00")))


def _milestone_credited(desk: Desk) -> None:
    invoice = _milestone(desk)
    desk.write("All of it is credited:")
    desk.confirm(desk.correct(invoice))
    _parts(desk)


def _milestone_credited_in_part(desk: Desk) -> None:
    invoice = _milestone(desk)
    desk.write("2,500.00 stay billed:")
    desk.confirm(desk.correct(invoice, amount="2500.00"))
    _parts(desk)


def _milestone_with_a_tax(desk: Desk) -> None:
    invoice = _milestone(desk)
    desk.write("2,500.00 stay billed, with a tax of 400.00:")
    desk.confirm(desk.correct(invoice, amount="2500.00", tax="400.00"))
    _parts(desk)


def _parts(desk: Desk) -> None:
    parts = desk.call("GET", "/backlog/fixed-price", contract_id=desk.contract_id)["items"]
    said = ", ".join(
        f"{part['amount']} / {part['tax']} {part['billing_status'].replace('_', ' ')}"
        for part in sorted(parts, key=lambda part: part["billing_status"], reverse=True)
    )
    desk.write(f"The parts of the milestone then: {said}; the milestone is in progress.")


def _recalled(desk: Desk) -> None:
    desk.deal({"A": "60", "B": "40"})
    desk.approve("6", "150.00")
    desk.rows()
    desk.write("The approval is recalled:")
    desk.recall()
    desk.rows()
    desk.backlog()


def _recalled_after_billing(desk: Desk) -> None:
    desk.deal({"A": "60", "B": "40"})
    items = desk.approve("6", "150.00")
    desk.rows()
    desk.call("POST", "/backlog/mark", {"items": items, "status": "ready"})
    body = {"contract_id": desk.contract_id, "customer_ids": ["A"]}
    invoice = desk.confirm(desk.call("POST", "/invoices", body)["invoices"][0])
    answer = desk.recall()
    desk.write(f"The approval is recalled: `{answer['problem']['code']}`. B's part is reversed:")
    desk.rows()
    _obligation(desk)
    desk.write("A's invoice is corrected, 1.6 hours stay:")
    first = desk.confirm(desk.correct(invoice, quantity="1.6"))
    _obligation(desk)
    desk.write("That is corrected, too, nothing stays:")
    desk.confirm(desk.correct(first))
    _obligation(desk)
    desk.backlog()


def _waived(desk: Desk) -> None:
    invoice = _invoiced(desk)
    answer = desk.recall()
    desk.write(f"The approval is recalled: `{answer['problem']['code']}`.")
    _obligation(desk)
    desk.write("The invoice is corrected, 4 hours stay:")
    desk.confirm(desk.correct(invoice, quantity="4"))
    (owed,) = _owed(desk)
    path = f"/intake/obligations/{owed['obligation_id']}/waive"
    desk.call("POST", path, {"reason": "agreed with the customer"})
    desk.write("What stays is waived; that books nothing:")
    _obligation(desk)
    desk.backlog()


def _owed(desk: Desk) -> list[Json]:
    listed = desk.call("GET", "/intake/obligations", status="open")["items"]
    return [each for each in listed if each["contract_id"] == desk.contract_id]


def _obligation(desk: Desk) -> None:
    own = _owed(desk)
    amounts = ", ".join(each["amount"] for each in own)
    desk.write(f"Open obligation: {amounts}." if own else "No obligation is open any more.")


PARTS: dict[str, tuple[str, tuple[Case, ...]]] = {
    "Confirming": (
        "What confirmation books for each detail of a draft (D-45).",
        (
            Case("As approved", "10 hours at 130, billed as they are.", _unchanged),
            Case("Quantity cut", "The draft bills 8 of the 10 hours; nobody pays the rest.", _cut),
            Case("Quantity raised", "The draft bills 12 hours instead of 10.", _raised),
            Case("Another price", "The draft bills 120 an hour instead of 130.", _price),
            Case(
                "Price and quantity",
                "8 hours at 120; the rest at the old price.",
                _price_and_quantity,
            ),
            Case("At no charge", "The work is made complimentary (D-66).", _complimentary),
            Case("Another tax", "The tax is 200.00 instead of 247.00 (D-65).", _tax),
            Case("Other descriptions", "What the customer reads is written anew.", _descriptions),
            Case("Below zero", "4 hours taken back were approved; 3 are credited.", _negative),
            Case("By hand", "A fee stands on the draft without any approval (D-68).", _by_hand),
            Case("Milestone, and a fee by hand", "On a line of a fixed price.", _by_hand_fixed),
            Case("Milestone with another tax", "700.00 instead of 760.00.", _milestone_taxed),
        ),
    ),
    "Correcting time and material": (
        "A correction says what stays billed; what does not comes back to the backlog (D-78).",
        (
            Case("Nothing stays", "10 hours at 130 were billed.", _credited),
            Case("A part stays", "10 hours at 130 were billed.", _credited_in_part),
            Case("Another price", "10 hours at 130 were billed.", _other_price),
            Case("More hours", "10 hours at 130 were billed.", _more_hours),
            Case("Another tax", "10 hours at 130 were billed.", _other_tax),
            Case("Below zero", "4 hours taken back were billed.", _less_taken_back),
            Case("By hand", "A fee of 80.00 was billed beside 10 hours.", _hand_taken_back),
            Case("By hand, fixed price", "A fee of 80.00 was billed by hand.", _hand_credited),
            Case("A chain", "A correction is corrected in turn (D-79).", _chain),
        ),
    ),
    "Correcting milestones": (
        "Whole or in part; what is credited is ready to be billed again (D-81).",
        (
            Case("All of it", "A milestone of 4,000.00 was billed.", _milestone_credited),
            Case("A part", "A milestone of 4,000.00 was billed.", _milestone_credited_in_part),
            Case("A part, its tax named", "The same milestone.", _milestone_with_a_tax),
        ),
    ),
    "Recalls": (
        "An approval is recalled before and after it was billed (D-23, D-83).",
        (
            Case("Before billing", "6 hours at 150, A pays 60 %, B 40 %.", _recalled),
            Case("After billing", "6 hours at 150; A's part is billed.", _recalled_after_billing),
            Case("Waived", "10 hours at 130 were billed.", _waived),
        ),
    ),
}

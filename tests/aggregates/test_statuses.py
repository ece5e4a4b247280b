"""What the parts of a milestone say together (D-12)."""

import pytest

from aggregates.contract_line.items import milestone_status
from aggregates.statuses import UNBILLED, BillingStatus, MilestoneStatus

NOT_READY, READY = BillingStatus.NOT_READY, BillingStatus.READY
DRAFTED, POSTED = BillingStatus.INVOICE_CREATED, BillingStatus.INVOICE_POSTED


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([NOT_READY, NOT_READY], MilestoneStatus.NOT_STARTED),
        ([NOT_READY, READY], MilestoneStatus.IN_PROGRESS),
        ([NOT_READY, DRAFTED], MilestoneStatus.IN_PROGRESS),
        ([NOT_READY, POSTED], MilestoneStatus.IN_PROGRESS),
        ([READY, POSTED], MilestoneStatus.IN_PROGRESS),
        ([DRAFTED, POSTED], MilestoneStatus.IN_PROGRESS),
        ([POSTED, POSTED], MilestoneStatus.COMPLETED),
        ([POSTED], MilestoneStatus.COMPLETED),
    ],
)
def test_the_header_status_is_what_the_parts_say_d12(
    parts: list[BillingStatus], expected: MilestoneStatus
) -> None:
    assert milestone_status(parts) is expected


def test_commands_move_only_what_is_not_on_an_invoice_d25() -> None:
    assert set(UNBILLED) == {NOT_READY, READY}

"""On which invoices items were posted: recalls of billed work ask the views for it, once an item.

An event is taken in where others wait for it, so it can't wait for the views itself: it breaks off,
they are asked outside, and it is taken in again.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from aggregates.intake.about_approvals.whereabouts import NotLookedUp
from aggregates.statuses import BillingStatus
from projections.views.backlog import lists as backlog_lists
from projections.views.kept_to import UNRESTRICTED
from service.ledger.conflicts_and_retries import Conflict
from service.tenants.tenant import VIEWS_SECONDS, Tenant

R = TypeVar("R")
PostedOn = dict[str, str | None]
"""The invoice that an item was posted on, None where it was not posted."""
LOOKUPS = 1_000
"""How often a command may break off: what came back of an invoice may be on the next one, and so
on; each of these is looked up after the one before."""


def look_up(tenant: Tenant, items: Sequence[str]) -> PostedOn:
    """Where these items were posted. Waits for the views; raises ViewsBehind, Unavailable."""
    tenant.wait_for(tenant.ledger.position(), VIEWS_SECONDS)
    with tenant.reading() as (views, _):
        rows = backlog_lists.find_items(views, UNRESTRICTED, items)
    posted = {row.item_id: row for row in rows}
    return {
        item_id: row.invoice_id
        if (row := posted.get(item_id)) and row.billing_status == BillingStatus.INVOICE_POSTED
        else None
        for item_id in items
    }


def looking_up(tenant: Tenant, posted_on: PostedOn, act: Callable[[], R]) -> R:
    """What `act` answers, after what it breaks off for was looked up and is in `posted_on`.

    Raises Conflict when it breaks off so often that it can't be right.
    """
    for _ in range(LOOKUPS):
        try:
            return act()
        except NotLookedUp as missing:
            posted_on.update(look_up(tenant, missing.items))
    raise Conflict

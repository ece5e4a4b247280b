"""The kinds of jobs that there are, by their names."""

from collections.abc import Mapping

from service.handlers.jobs.confirming import CONFIRM_INVOICES
from service.handlers.jobs.drafting import DRAFT_INVOICES, DRAFT_MATCHING
from service.handlers.jobs.kind import JobKind
from service.handlers.jobs.many_items import MANY_ITEMS

KINDS: Mapping[str, JobKind] = {
    kind.name: kind for kind in (CONFIRM_INVOICES, DRAFT_INVOICES, DRAFT_MATCHING, *MANY_ITEMS)
}

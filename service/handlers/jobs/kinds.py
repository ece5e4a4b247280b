"""The kinds of jobs that there are, by their names."""

from collections.abc import Mapping

from service.handlers.jobs.drafting import DRAFT_INVOICES
from service.handlers.jobs.kind import JobKind

KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in (DRAFT_INVOICES,)}

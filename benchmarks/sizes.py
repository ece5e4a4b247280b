"""How much is measured: as due, or little of everything to see that it works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Counts of what is measured with, and how often each is repeated."""

    repetitions: int
    contracts: int
    """Contracts that approvals are spread over: some tens, as in a batch of a month's end."""
    approvals: int
    projected_contracts: int
    projected_approvals: int
    commands: int
    """Requests of one repetition, over all connections."""
    connections: int
    listeners: int
    listening_seconds: float
    """How long commands are measured each time, with those who listen and without."""
    alone_blocks: int
    alone_requests: int
    """Requests of one caller in one block."""
    page_contracts: int
    page_rows: int
    few_page_rows: int
    page_blocks: int
    page_requests: int
    """Requests of one block."""
    search_blocks: int
    bulk_items: int
    few_bulk_items: int
    matching_items: int
    matching_rounds: int
    open_items: int
    few_open_items: int
    single_marks: int
    """Items marked one by one on each of the two lines."""
    draft_details: int
    few_draft_details: int
    single_edits: int
    """Edits one by one on each of the two drafts."""
    events: int
    few_events: int
    rebuilds: int
    starts: int
    served_approvals: int
    """On the contracts, of which a server's memory is measured."""


FULL = Sizes(
    repetitions=5,
    contracts=40,
    approvals=60_000,
    projected_contracts=300,
    projected_approvals=20_000,
    commands=3_000,
    connections=16,
    listeners=200,
    listening_seconds=2.5,
    alone_blocks=15,
    alone_requests=100,
    page_contracts=400,
    page_rows=1_000_000,
    few_page_rows=10_000,
    page_blocks=10,
    page_requests=100,
    search_blocks=3,
    bulk_items=10_000,
    few_bulk_items=1_000,
    matching_items=100_000,
    matching_rounds=3,
    open_items=100_000,
    few_open_items=100,
    single_marks=300,
    draft_details=10_000,
    few_draft_details=100,
    single_edits=300,
    events=1_000_000,
    few_events=100_000,
    rebuilds=2,
    starts=9,
    served_approvals=80_000,
)
SMALL = Sizes(
    repetitions=1,
    contracts=3,
    approvals=120,
    projected_contracts=4,
    projected_approvals=120,
    commands=48,
    connections=16,
    listeners=20,
    listening_seconds=0.3,
    alone_blocks=1,
    alone_requests=4,
    page_contracts=20,
    page_rows=8_000,
    few_page_rows=6_000,
    page_blocks=1,
    page_requests=5,
    search_blocks=1,
    bulk_items=60,
    few_bulk_items=20,
    matching_items=60,
    matching_rounds=1,
    open_items=200,
    few_open_items=40,
    single_marks=4,
    draft_details=60,
    few_draft_details=20,
    single_edits=4,
    events=400,
    few_events=200,
    rebuilds=1,
    starts=1,
    served_approvals=1_200,
)

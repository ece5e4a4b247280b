"""The read models' tables and indexes: their only definition; alembic migrates towards it.

Money is kept in integer minor units beside its currency, quantities and unit prices in millionths;
limits and percentages of which nothing is summed travel as plain decimals in text.
"""

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    FromClause,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData()

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Sorted and compared byte by byte on both databases, whatever the server is set to."""


def _text(name: str) -> Column[str]:
    return Column(name, TEXT, nullable=False)


def _money(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _millionths(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _all_or_none(prefix: str, comment: str) -> list[Column[int]]:
    """Quantity, price, amount and tax of something that there may not be."""
    names = ("quantity", "unit_price", "amount", "tax")
    return [Column(f"{prefix}_{name}", BigInteger, comment=comment) for name in names]


OF_A_CONTRACT = ("contract_id", "line_id", "customer_id")
"""Columns of totals that are empty in those by month."""
MONTH = "month"
"""The column of totals that is empty in those by contract, line and customer; else 2026-10."""
FAILED_LEVELS = "failed_levels"
"""The column of totals that tells which limits failed (`values/failed_levels.py`)."""


def _totals_of(view: Table, *further: str) -> Table:
    """What the rows of a view come to, by what tells one kind of them from another.

    Each row of the view counts twice: in a kind of its contract, line and customer, where the month
    is empty, and in a kind of its month, where these are. Both at once would be too many.

    Of amounts, whole millions of minor units and the rest are kept: no sum of 64 bits overflows.
    """
    kind = (*OF_A_CONTRACT, MONTH, *further)
    sums = (f"{name}_{half}" for name in ("amount", "tax") for half in ("high", "low"))
    return Table(
        f"{view.name}_totals",
        metadata,
        *map(_text, kind),
        Column("count", BigInteger, nullable=False),
        *map(_money, sums),
        PrimaryKeyConstraint(*kind),
        sqlite_with_rowid=False,
    )


def of_contracts(totals: FromClause) -> ColumnElement[bool]:
    """Whether a kind of totals is that of a contract, line and customer; of no month."""
    return totals.c[MONTH] == ""


def _index_of_some(name: str, column: str, *further: str) -> Index:
    """An index of the rows that have a value in the column, where most or many have none.

    On PostgreSQL it is told so when views there are opened (`databases/postgres.py`): SQLAlchemy
    loads all that it knows of a database as soon as an option has its name.
    """
    return Index(name, column, *further, sqlite_where=text(f"{column} IS NOT NULL"))


BY_TEXT = ("text_id", "billing_status", "date", "sequence", "adjustment_status")
"""Columns of the index that leads from texts to sales: the list is filtered and sorted by these, so
that rows are read only for a page of them."""
BY_STATUS = ("billing_status", "date", "sequence", "adjustment_status", "text_id")
"""The same of indexes that lead through the list, or what it has of a contract or a customer: they
tell the texts of what they pass."""
OFTEN_THE_SAME = "often the same"
"""A note on a table: the column that tells whether a row that is put again is another one."""
VIEWS = "views"
"""The name that the views' position is tracked under."""

tracking = Table(
    "tracking",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

search_texts = Table(
    "search_texts",
    metadata,
    Column(
        "text_id",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=False,
        comment="a digest of what it is the text of; of approvals their day and position",
    ),
    Column("text", TEXT, nullable=False, comment="folded; several are told apart"),
    Column("key", TEXT, nullable=False, comment="ASCII letters, for the index of trigrams"),
    Column("approval_ids", TEXT, comment="the approvals whose ids this is"),
    info={OFTEN_THE_SAME: "text"},
)
"""The texts that rows are searched by, each once. Their index is made by `databases/text_index.py`,
for there is none that both databases have."""

contracts = Table(
    "contracts",
    metadata,
    Column("contract_id", TEXT, primary_key=True),
    _text("name"),
    _text("search_text"),
    _text("currency"),
    Column("nte_limit", BigInteger),
    Column("approval", TEXT, nullable=False, comment="whether its invoices must be approved"),
    Column("version", Integer, nullable=False),
)

contract_customers = Table(
    "contract_customers",
    metadata,
    _text("contract_id"),
    _text("customer_id"),
    Column("ordinal", Integer, nullable=False),
    _text("name"),
    _text("search_text"),
    Column("nte_limit", BigInteger),
    Column("position", BigInteger, nullable=False, comment="where the contract was defined last"),
    PrimaryKeyConstraint("contract_id", "customer_id"),
    Index("contract_customers_by_customer", "customer_id", "position"),
)

contract_lines = Table(
    "contract_lines",
    metadata,
    _text("contract_id"),
    _text("line_id"),
    _text("name"),
    _text("search_text"),
    _text("project_id"),
    _text("billing_method"),
    _text("currency"),
    Column("contract_amount", BigInteger),
    Column("nte_limit", BigInteger),
    _text("schedule"),
    Column("includes", TEXT, nullable=False, comment="JSON list of classes"),
    Column("chargeable", TEXT, nullable=False, comment="JSON of roles, categories and tasks"),
    _money("milestones_total"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("contract_id", "line_id"),
    Index("contract_lines_by_project", "project_id"),
)

line_customers = Table(
    "line_customers",
    metadata,
    _text("contract_id"),
    _text("line_id"),
    _text("customer_id"),
    Column("ordinal", Integer, nullable=False),
    Column("split_percent", TEXT, nullable=False),
    Column("rounding", Boolean, nullable=False),
    Column("nte_limit", BigInteger),
    PrimaryKeyConstraint("contract_id", "line_id", "customer_id"),
    Index("line_customers_by_customer", "customer_id", "contract_id", "line_id"),
)

limit_usage = Table(
    "limit_usage",
    metadata,
    _text("contract_id"),
    _text("level"),
    Column("line_id", TEXT, nullable=False, comment="empty on the levels of the contract"),
    Column("customer_id", TEXT, nullable=False, comment="empty on the levels of a whole"),
    _money("committed"),
    _money("invoiced"),
    PrimaryKeyConstraint("contract_id", "level", "line_id", "customer_id"),
)

milestones = Table(
    "milestones",
    metadata,
    Column("milestone_id", TEXT, primary_key=True),
    _text("contract_id"),
    _text("line_id"),
    _text("name"),
    _text("currency"),
    _money("amount"),
    _money("tax"),
    Column("date", Date, nullable=False),
    Column("task_id", TEXT),
    _text("status"),
    Column("text_id", BigInteger, nullable=False),
    Index("milestones_by_line", "contract_id", "line_id"),
    Index("milestones_by_date", "date", "milestone_id"),
    Index("milestones_by_text", "text_id"),
)

fixed_price = Table(
    "fixed_price",
    metadata,
    Column("item_id", TEXT, primary_key=True),
    _text("milestone_id"),
    _text("contract_id"),
    _text("line_id"),
    _text("customer_id"),
    Column("ordinal", Integer, nullable=False),
    Column("date", Date, nullable=False),
    _money("amount"),
    _money("tax"),
    _text("currency"),
    _text("billing_type"),
    _text("billing_status"),
    Column("invoice_id", TEXT),
    Index("fixed_price_by_date", "date", "item_id"),
    Index("fixed_price_by_contract", "contract_id", "date", "item_id"),
    Index("fixed_price_by_customer", "customer_id", "billing_status", "date", "item_id"),
    Index("fixed_price_by_milestone", "milestone_id"),
    _index_of_some("fixed_price_by_invoice", "invoice_id"),
)

fixed_price_totals = _totals_of(fixed_price, "billing_status", "billing_type", "currency")

time_and_material = Table(
    "time_and_material",
    metadata,
    Column("item_id", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="where it was recorded"),
    _text("approval_id"),
    _text("contract_id"),
    _text("line_id"),
    _text("customer_id"),
    _text("class"),
    Column("date", Date, nullable=False),
    Column("resource", TEXT),
    Column("role", TEXT),
    Column("category", TEXT),
    Column("task_id", TEXT),
    Column("description", TEXT),
    _millionths("quantity"),
    _millionths("unit_price"),
    _money("amount"),
    _money("tax"),
    _text("currency"),
    _text("billing_type"),
    _text("billing_status"),
    _text("nte_status"),
    Column("nte_detail", TEXT, comment="JSON list of the levels that failed"),
    Column("invoice_id", TEXT),
    _text("adjustment_status"),
    Column("sequence", BigInteger, nullable=False, comment="the order they were recorded in"),
    Column("text_id", BigInteger, comment="what it is searched by, beside names and its approval"),
    Index("time_and_material_by_contract", "contract_id", *BY_STATUS),
    Index("time_and_material_by_customer", "customer_id", *BY_STATUS),
    Index("time_and_material_by_status", *BY_STATUS),
    Index("time_and_material_by_nte", "nte_status", "billing_status", "date", "sequence"),
    _index_of_some(
        "time_and_material_by_resource", "resource", "billing_status", "date", "sequence"
    ),
    Index("time_and_material_by_sequence", "sequence"),
    Index("time_and_material_by_approval", "approval_id"),
    Index("time_and_material_by_text", *BY_TEXT),
    _index_of_some("time_and_material_by_invoice", "invoice_id"),
)
"""Items as they are listed: a posted one with what is billed of it, adjusted once nothing of it is
open or billed. What its actual was worth is told by what reverses that (`views/actuals.py`)."""

time_and_material_totals = _totals_of(
    time_and_material,
    "billing_status",
    "class",
    "billing_type",
    "nte_status",
    FAILED_LEVELS,
    "adjustment_status",
    "currency",
)

booked_sales = Table(
    "booked_sales",
    metadata,
    Column("item_id", TEXT, primary_key=True),
    _text("cause"),
    Column("accounting_date", Date, nullable=False),
    Column("replaces", TEXT, comment="the actual whose place it takes"),
)
"""Why unbilled sales were booked that came in the place of others. All the rest, nearly all there
are, came by an approval and count on their own day: nothing is kept of that."""

invoices = Table(
    "invoices",
    metadata,
    Column("invoice_id", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="where it was drafted"),
    Column("number", TEXT),
    _text("status"),
    _text("contract_id"),
    _text("customer_id"),
    _text("currency"),
    Column("cutoff", Date),
    Column("accounting_date", Date),
    Column("corrects", TEXT, comment="the invoice that it corrects"),
    Column("corrects_number", TEXT),
    Column("has_corrections", Boolean, nullable=False),
    _money("amount"),
    _money("tax"),
    Column("approval_actor", TEXT),
    Column("approval_at", TEXT, comment="ISO 8601, in UTC"),
    Column("approval_version", Integer, comment="null unless it is approved"),
    Column("version", Integer, nullable=False),
    Index("invoices_by_position", "position", "invoice_id"),
    Index("invoices_by_contract", "contract_id", "status"),
    Index("invoices_by_customer", "customer_id", "status"),
    Index("invoices_by_status", "status"),
    _index_of_some("invoices_by_number", "number"),
    _index_of_some("invoices_by_corrects", "corrects"),
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    _text("invoice_id"),
    _text("line_id"),
    Column("ordinal", Integer, nullable=False),
    _text("billing_method"),
    _money("amount"),
    _money("tax"),
    Column("groups", TEXT, nullable=False, comment="JSON: sums by billing type"),
    PrimaryKeyConstraint("invoice_id", "line_id"),
)

invoice_details = Table(
    "invoice_details",
    metadata,
    Column("detail_id", TEXT, primary_key=True),
    _text("invoice_id"),
    _text("line_id"),
    Column("item_id", TEXT),
    _text("kind"),
    Column("date", Date, nullable=False),
    _text("description"),
    Column("external_description", TEXT),
    _millionths("quantity"),
    _millionths("unit_price"),
    _money("amount"),
    _money("tax"),
    _text("billing_type"),
    Column("edited", Boolean, nullable=False),
    Column("recalled", Boolean, nullable=False),
    *_all_or_none("source", "of what it was drafted from"),
    Column("source_billing_type", TEXT),
    Column("corrects_detail", TEXT, comment="the billed detail that it corrects"),
    Column("corrected_by", TEXT, comment="the invoice that corrects it"),
    *_all_or_none("original", "of the detail that it corrects, as it was billed"),
    Index("invoice_details_by_invoice", "invoice_id", "line_id", "date", "item_id"),
)

booked_actuals = Table(
    "booked_actuals",
    metadata,
    Column("actual_id", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="the order they were booked in"),
    Column("item_id", TEXT),
    _text("type"),
    _text("cause"),
    Column("reversal_of", TEXT),
    Column("replaces", TEXT, comment="the actual whose place it takes"),
    _text("contract_id"),
    _text("line_id"),
    _text("customer_id"),
    Column("approval_id", TEXT),
    Column("milestone_id", TEXT),
    Column("invoice_id", TEXT, comment="null where no invoice has booked it"),
    Column("class", TEXT),
    Column("date", Date, nullable=False),
    Column("accounting_date", Date, comment="null in older ones: it is that of their invoice"),
    _millionths("quantity"),
    _millionths("unit_price"),
    _money("amount"),
    _money("tax"),
    _text("currency"),
    _text("billing_type"),
    _text("billing_status"),
    _text("adjustment_status"),
    Index("booked_actuals_by_sequence", "sequence"),
    Index("booked_actuals_by_contract", "contract_id", "sequence"),
    Index("booked_actuals_by_invoice", "invoice_id"),
    Index("booked_actuals_by_item", "item_id"),
    Index("booked_actuals_by_approval", "approval_id"),
)

parked_events = Table(
    "parked_events",
    metadata,
    Column("parked_id", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
    _text("source"),
    _text("event_id"),
    _text("type"),
    _text("contract_id"),
    Column("line_id", TEXT),
    Column("approval_id", TEXT),
    _text("problem_code"),
    _text("problem_detail"),
    Column("data", TEXT, nullable=False, comment="JSON, as it was posted"),
    Index("parked_events_by_position", "position", "parked_id"),
    Index("parked_events_by_event", "event_id"),
)

obligations = Table(
    "obligations",
    metadata,
    Column("obligation_id", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="where it was opened"),
    _text("status"),
    Column("source", TEXT),
    _text("approval_id"),
    _text("cause"),
    _text("contract_id"),
    _text("line_id"),
    _text("customer_id"),
    _text("item_id"),
    _text("invoice_id"),
    _text("detail_id"),
    _millionths("quantity"),
    _money("amount"),
    _text("currency"),
    Column("reason", TEXT),
    Column("waived_for", TEXT, comment="why it was waived"),
    Index("obligations_by_position", "position", "obligation_id"),
    Index("obligations_by_status", "status", "position", "obligation_id"),
)

event_index = Table(
    "event_index",
    metadata,
    Column("position", BigInteger, primary_key=True),
    _text("type"),
    Column("contract_id", TEXT),
    Column("invoice_id", TEXT),
    Index("event_index_by_contract", "contract_id", "position"),
    _index_of_some("event_index_by_invoice", "invoice_id", "position"),
    Index("event_index_by_type", "type", "position"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="where it was asked for"),
    _text("kind"),
    Column("request", TEXT, nullable=False, comment="JSON: what was asked for"),
    _text("status"),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("requested_at", TEXT, nullable=False, comment="ISO 8601, in UTC"),
    Column("ended_at", TEXT, comment="as well"),
    _text("actor"),
    Column("reason", TEXT),
    Column("problem_code", TEXT),
    Column("problem_detail", TEXT),
    Column("version", Integer, nullable=False),
    Index("jobs_by_position", "position", "job_id"),
    Index("jobs_by_status", "status", "position", "job_id"),
)

job_steps = Table(
    "job_steps",
    metadata,
    _text("job_id"),
    Column("step", Integer, nullable=False),
    Column("contract_id", TEXT),
    Column("invoice_id", TEXT),
    Column("item_count", Integer, nullable=False, comment="the items that it is about"),
    _text("status"),
    Column("changed_count", Integer, nullable=False),
    Column("skipped_count", Integer, nullable=False),
    Column("invoices", TEXT, nullable=False, comment="JSON list of invoices with their amounts"),
    Column("skipped", TEXT, nullable=False, comment="JSON list of items with why"),
    Column("problem_code", TEXT),
    Column("problem_detail", TEXT),
    Column("position", BigInteger, comment="where what it changed is recorded, if anything"),
    Column("exceeded", TEXT, comment="JSON list of the limits that its invoice exceeds"),
    PrimaryKeyConstraint("job_id", "step"),
)

TOTALS: Mapping[Table, Table] = {
    fixed_price: fixed_price_totals,
    time_and_material: time_and_material_totals,
}
"""The views whose rows are summed, and where."""

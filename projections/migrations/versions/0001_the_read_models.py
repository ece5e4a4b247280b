"""The read models"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "booked_actuals",
        sa.Column("actual_id", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("reversal_of", TEXT, nullable=True),
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("customer_id", TEXT, nullable=False),
        sa.Column("approval_id", TEXT, nullable=True),
        sa.Column("milestone_id", TEXT, nullable=True),
        sa.Column("invoice_id", TEXT, nullable=False),
        sa.Column("class", TEXT, nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("billing_type", TEXT, nullable=False),
        sa.Column("adjustment_status", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("actual_id"),
    )
    op.create_index("booked_actuals_by_approval", "booked_actuals", ["approval_id"], unique=False)
    op.create_index(
        "booked_actuals_by_contract",
        "booked_actuals",
        ["contract_id", "position", "actual_id"],
        unique=False,
    )
    op.create_index("booked_actuals_by_invoice", "booked_actuals", ["invoice_id"], unique=False)
    op.create_index("booked_actuals_by_item", "booked_actuals", ["item_id"], unique=False)
    op.create_index(
        "booked_actuals_by_position", "booked_actuals", ["position", "actual_id"], unique=False
    )
    op.create_table(
        "contract_customers",
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("customer_id", TEXT, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("nte_limit", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("contract_id", "customer_id"),
    )
    op.create_table(
        "contract_lines",
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("billing_method", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("contract_amount", sa.BigInteger(), nullable=True),
        sa.Column("nte_limit", sa.BigInteger(), nullable=True),
        sa.Column("schedule", TEXT, nullable=False),
        sa.Column("includes", TEXT, nullable=False, comment="JSON list of classes"),
        sa.Column(
            "chargeable", TEXT, nullable=False, comment="JSON of roles, categories and tasks"
        ),
        sa.Column("milestones_total", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", "line_id"),
    )
    op.create_index("contract_lines_by_project", "contract_lines", ["project_id"], unique=False)
    op.create_table(
        "contracts",
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("nte_limit", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id"),
    )
    op.create_table(
        "event_index",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("contract_id", TEXT, nullable=True),
        sa.Column("invoice_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index(
        "event_index_by_contract", "event_index", ["contract_id", "position"], unique=False
    )
    op.create_index(
        "event_index_by_invoice", "event_index", ["invoice_id", "position"], unique=False
    )
    op.create_index("event_index_by_type", "event_index", ["type", "position"], unique=False)
    op.create_table(
        "fixed_price",
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("milestone_id", TEXT, nullable=False),
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("customer_id", TEXT, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("billing_status", TEXT, nullable=False),
        sa.Column("invoice_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index(
        "fixed_price_by_contract", "fixed_price", ["contract_id", "date", "item_id"], unique=False
    )
    op.create_index(
        "fixed_price_by_customer",
        "fixed_price",
        ["customer_id", "billing_status", "date", "item_id"],
        unique=False,
    )
    op.create_index("fixed_price_by_date", "fixed_price", ["date", "item_id"], unique=False)
    op.create_index("fixed_price_by_milestone", "fixed_price", ["milestone_id"], unique=False)
    op.create_table(
        "invoice_details",
        sa.Column("detail_id", TEXT, nullable=False),
        sa.Column("invoice_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("billing_type", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("detail_id"),
    )
    op.create_index(
        "invoice_details_by_invoice",
        "invoice_details",
        ["invoice_id", "line_id", "date", "item_id"],
        unique=False,
    )
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("billing_method", TEXT, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("groups", TEXT, nullable=False, comment="JSON: sums by billing type"),
        sa.PrimaryKeyConstraint("invoice_id", "line_id"),
    )
    op.create_table(
        "invoices",
        sa.Column("invoice_id", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="where it was drafted"),
        sa.Column("number", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("customer_id", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("cutoff", sa.Date(), nullable=True),
        sa.Column("accounting_date", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id"),
    )
    op.create_index("invoices_by_contract", "invoices", ["contract_id", "status"], unique=False)
    op.create_index("invoices_by_customer", "invoices", ["customer_id", "status"], unique=False)
    op.create_index("invoices_by_position", "invoices", ["position", "invoice_id"], unique=False)
    op.create_index("invoices_by_status", "invoices", ["status"], unique=False)
    op.create_table(
        "limit_usage",
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False, comment="empty on the levels of the contract"),
        sa.Column("customer_id", TEXT, nullable=False, comment="empty on the levels of a whole"),
        sa.Column("committed", sa.BigInteger(), nullable=False),
        sa.Column("invoiced", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", "level", "line_id", "customer_id"),
    )
    op.create_table(
        "line_customers",
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("customer_id", TEXT, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("split_percent", TEXT, nullable=False),
        sa.Column("rounding", sa.Boolean(), nullable=False),
        sa.Column("nte_limit", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("contract_id", "line_id", "customer_id"),
    )
    op.create_table(
        "milestones",
        sa.Column("milestone_id", TEXT, nullable=False),
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("task_id", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("milestone_id"),
    )
    op.create_index("milestones_by_line", "milestones", ["contract_id", "line_id"], unique=False)
    op.create_table(
        "parked_events",
        sa.Column("parked_id", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=True),
        sa.Column("approval_id", TEXT, nullable=True),
        sa.Column("problem_code", TEXT, nullable=False),
        sa.Column("problem_detail", TEXT, nullable=False),
        sa.Column("data", TEXT, nullable=False, comment="JSON, as it was posted"),
        sa.PrimaryKeyConstraint("parked_id"),
    )
    op.create_index("parked_events_by_event", "parked_events", ["event_id"], unique=False)
    op.create_index(
        "parked_events_by_position", "parked_events", ["position", "parked_id"], unique=False
    )
    op.create_table(
        "time_and_material",
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="where it was recorded"),
        sa.Column("approval_id", TEXT, nullable=False),
        sa.Column("contract_id", TEXT, nullable=False),
        sa.Column("line_id", TEXT, nullable=False),
        sa.Column("customer_id", TEXT, nullable=False),
        sa.Column("class", TEXT, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("resource", TEXT, nullable=True),
        sa.Column("role", TEXT, nullable=True),
        sa.Column("category", TEXT, nullable=True),
        sa.Column("task_id", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("billing_type", TEXT, nullable=False),
        sa.Column("billing_status", TEXT, nullable=False),
        sa.Column("nte_status", TEXT, nullable=False),
        sa.Column("nte_detail", TEXT, nullable=True, comment="JSON list of the levels that failed"),
        sa.Column("invoice_id", TEXT, nullable=True),
        sa.Column("adjustment_status", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index(
        "time_and_material_by_approval", "time_and_material", ["approval_id"], unique=False
    )
    op.create_index(
        "time_and_material_by_contract",
        "time_and_material",
        ["contract_id", "billing_status", "date", "item_id"],
        unique=False,
    )
    op.create_index(
        "time_and_material_by_customer",
        "time_and_material",
        ["customer_id", "billing_status", "date", "item_id"],
        unique=False,
    )
    op.create_index(
        "time_and_material_by_date", "time_and_material", ["date", "item_id"], unique=False
    )
    op.create_index(
        "time_and_material_by_invoice", "time_and_material", ["invoice_id"], unique=False
    )
    op.create_index(
        "time_and_material_by_position", "time_and_material", ["position", "item_id"], unique=False
    )
    op.create_index(
        "time_and_material_by_status",
        "time_and_material",
        ["billing_status", "date", "item_id"],
        unique=False,
    )
    op.create_table(
        "tracking",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("tracking")
    op.drop_index("time_and_material_by_status", table_name="time_and_material")
    op.drop_index("time_and_material_by_position", table_name="time_and_material")
    op.drop_index("time_and_material_by_invoice", table_name="time_and_material")
    op.drop_index("time_and_material_by_date", table_name="time_and_material")
    op.drop_index("time_and_material_by_customer", table_name="time_and_material")
    op.drop_index("time_and_material_by_contract", table_name="time_and_material")
    op.drop_index("time_and_material_by_approval", table_name="time_and_material")
    op.drop_table("time_and_material")
    op.drop_index("parked_events_by_position", table_name="parked_events")
    op.drop_index("parked_events_by_event", table_name="parked_events")
    op.drop_table("parked_events")
    op.drop_index("milestones_by_line", table_name="milestones")
    op.drop_table("milestones")
    op.drop_table("line_customers")
    op.drop_table("limit_usage")
    op.drop_index("invoices_by_status", table_name="invoices")
    op.drop_index("invoices_by_position", table_name="invoices")
    op.drop_index("invoices_by_customer", table_name="invoices")
    op.drop_index("invoices_by_contract", table_name="invoices")
    op.drop_table("invoices")
    op.drop_table("invoice_lines")
    op.drop_index("invoice_details_by_invoice", table_name="invoice_details")
    op.drop_table("invoice_details")
    op.drop_index("fixed_price_by_milestone", table_name="fixed_price")
    op.drop_index("fixed_price_by_date", table_name="fixed_price")
    op.drop_index("fixed_price_by_customer", table_name="fixed_price")
    op.drop_index("fixed_price_by_contract", table_name="fixed_price")
    op.drop_table("fixed_price")
    op.drop_index("event_index_by_type", table_name="event_index")
    op.drop_index("event_index_by_invoice", table_name="event_index")
    op.drop_index("event_index_by_contract", table_name="event_index")
    op.drop_table("event_index")
    op.drop_table("contracts")
    op.drop_index("contract_lines_by_project", table_name="contract_lines")
    op.drop_table("contract_lines")
    op.drop_table("contract_customers")
    op.drop_index("booked_actuals_by_position", table_name="booked_actuals")
    op.drop_index("booked_actuals_by_item", table_name="booked_actuals")
    op.drop_index("booked_actuals_by_invoice", table_name="booked_actuals")
    op.drop_index("booked_actuals_by_contract", table_name="booked_actuals")
    op.drop_index("booked_actuals_by_approval", table_name="booked_actuals")
    op.drop_table("booked_actuals")

"""Posted items show what is billed of them

Until now they were as approved, and those that an edit changed were in no list.
"""

import sqlalchemy as sa
from alembic import op

from projections.migrations.kept_totals import TEXT, by_contract_and_month

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SALES = (
    "billing_status",
    "class",
    "billing_type",
    "nte_status",
    "failed_levels",
    "adjustment_status",
    "currency",
)
BILLED = """
    billed.type = 'billed_sales' AND billed.reversal_of IS NULL
    AND billed.adjustment_status = 'adjustable' AND (
        billed.cause = 'correction' OR billed.cause = 'edit' AND billed.sequence = (
            SELECT min(first.sequence) FROM booked_actuals AS first
            WHERE first.item_id = billed.item_id AND first.invoice_id = billed.invoice_id
            AND first.type = 'billed_sales' AND first.reversal_of IS NULL
        )
    )
"""
"""What items are billed by otherwise than they stood: not the rest that an edit gave away, which is
booked behind it."""
SALES_CREDITED = """
    UPDATE time_and_material SET quantity = 0, unit_price = credited.unit_price, amount = 0,
        tax = 0, billing_type = credited.billing_type, adjustment_status = 'adjusted'
    FROM booked_actuals AS credited
    WHERE credited.item_id = time_and_material.item_id AND credited.sequence = (
        SELECT max(last.sequence) FROM booked_actuals AS last
        WHERE last.item_id = credited.item_id
        AND last.type = 'billed_sales' AND last.reversal_of IS NOT NULL
    )
"""
SALES_BILLED = f"""
    UPDATE time_and_material SET quantity = billed.quantity, unit_price = billed.unit_price,
        amount = billed.amount, tax = billed.tax, billing_type = billed.billing_type,
        adjustment_status = 'adjustable'
    FROM booked_actuals AS billed
    WHERE billed.item_id = time_and_material.item_id AND {BILLED}
"""  # noqa: S608 - of nothing but what stands here
PARTS_BILLED = f"""
    UPDATE fixed_price SET amount = billed.amount, tax = billed.tax,
        billing_type = billed.billing_type
    FROM booked_actuals AS billed
    WHERE billed.item_id = fixed_price.item_id AND {BILLED}
        AND fixed_price.billing_status = 'invoice_posted'
"""  # noqa: S608 - of nothing but what stands here
SALES_APPROVED = """
    UPDATE time_and_material SET quantity = -reversal.quantity, unit_price = reversal.unit_price,
        amount = -reversal.amount, tax = -reversal.tax, billing_type = reversal.billing_type,
        adjustment_status = CASE reversal.cause
            WHEN 'confirmation' THEN 'adjustable' ELSE 'adjusted' END
    FROM booked_actuals AS reversal
    WHERE reversal.item_id = time_and_material.item_id
        AND reversal.reversal_of = time_and_material.item_id
"""
PARTS_DRAFTED = """
    UPDATE fixed_price SET tax = detail.source_tax FROM invoice_details AS detail
    WHERE detail.item_id = fixed_price.item_id AND detail.invoice_id = fixed_price.invoice_id
        AND detail.corrected_by IS NULL AND fixed_price.billing_status = 'invoice_posted'
"""


def upgrade() -> None:
    op.add_column("fixed_price", sa.Column("billing_type", TEXT))
    op.execute("UPDATE fixed_price SET billing_type = 'chargeable'")
    for statement in (SALES_CREDITED, SALES_BILLED, PARTS_BILLED):
        op.execute(statement)
    with op.batch_alter_table("fixed_price") as table:
        table.alter_column("billing_type", existing_type=TEXT, nullable=False)
    by_contract_and_month("fixed_price", "billing_status", "billing_type", "currency")
    by_contract_and_month("time_and_material", *SALES)


def downgrade() -> None:
    for statement in (SALES_APPROVED, PARTS_DRAFTED):
        op.execute(statement)
    with op.batch_alter_table("fixed_price") as table:
        table.drop_column("billing_type")
    by_contract_and_month("fixed_price", "billing_status", "currency")
    by_contract_and_month("time_and_material", *SALES)

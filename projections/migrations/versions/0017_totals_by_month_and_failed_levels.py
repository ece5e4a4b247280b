"""Totals are kept by month, too, and by the limits that items failed at"""

from projections.migrations.kept_totals import OF_A_CONTRACT, by_contract_and_month, make_anew

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FURTHER = {
    "fixed_price": ("billing_status", "currency"),
    "time_and_material": (
        "billing_status",
        "class",
        "billing_type",
        "nte_status",
        "failed_levels",
        "adjustment_status",
        "currency",
    ),
}


def upgrade() -> None:
    for view, further in FURTHER.items():
        by_contract_and_month(view, *further)


def downgrade() -> None:
    for view, further in FURTHER.items():
        kind = (*OF_A_CONTRACT, *(name for name in further if name != "failed_levels"))
        make_anew(view, kind, {})

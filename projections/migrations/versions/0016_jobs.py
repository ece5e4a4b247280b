"""Jobs and what came of their steps"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="where it was asked for"),
        text("kind"),
        sa.Column("request", TEXT, nullable=False, comment="JSON: what was asked for"),
        text("status"),
        number("done"),
        number("total"),
        sa.Column("requested_at", TEXT, nullable=False, comment="ISO 8601, in UTC"),
        sa.Column("ended_at", TEXT, comment="as well"),
        text("actor"),
        sa.Column("reason", TEXT),
        sa.Column("problem_code", TEXT),
        sa.Column("problem_detail", TEXT),
        number("version"),
    )
    op.create_index("jobs_by_position", "jobs", ["position", "job_id"])
    op.create_index("jobs_by_status", "jobs", ["status", "position", "job_id"])
    op.create_table(
        "job_steps",
        text("job_id"),
        number("step"),
        sa.Column("contract_id", TEXT),
        sa.Column("invoice_id", TEXT),
        sa.Column("item_count", sa.Integer(), nullable=False, comment="the items that it is about"),
        text("status"),
        number("changed_count"),
        number("skipped_count"),
        sa.Column(
            "invoices", TEXT, nullable=False, comment="JSON list of invoices with their amounts"
        ),
        sa.Column("skipped", TEXT, nullable=False, comment="JSON list of items with why"),
        sa.Column("problem_code", TEXT),
        sa.Column("problem_detail", TEXT),
        sa.PrimaryKeyConstraint("job_id", "step"),
    )


def downgrade() -> None:
    op.drop_table("job_steps")
    op.drop_table("jobs")

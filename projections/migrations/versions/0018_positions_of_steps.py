"""Where in the history it is recorded what the steps of jobs changed

Steps that were done before have none until the views are made anew: only the history tells it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "job_steps",
        sa.Column(
            "position", sa.BigInteger(), comment="where what it changed is recorded, if anything"
        ),
    )


def downgrade() -> None:
    op.drop_column("job_steps", "position")

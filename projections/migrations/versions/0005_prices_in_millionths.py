"""Unit prices in millionths, as quantities: they have six decimals in every currency (D-1)"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Decimals of the minor units that prices were kept in: of all currencies there were, but for
# those with two.
NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE = "BHD IQD JOD KWD LYD OMR TND"
FOUR = "CLF UYW"
OF_INVOICE = "(SELECT currency FROM invoices WHERE invoice_id = invoice_details.invoice_id)"
CURRENCIES = {
    "time_and_material": "currency",
    "booked_actuals": "currency",
    "invoice_details": OF_INVOICE,
}


def upgrade() -> None:
    scale("*")


def downgrade() -> None:
    scale("/")


def scale(sign: str) -> None:
    """Prices by how many millionths a minor unit of their currency has."""
    for table, currency in CURRENCIES.items():
        millionths = sa.case(
            (among(currency, NONE), 1_000_000),
            (among(currency, THREE), 1_000),
            (among(currency, FOUR), 100),
            else_=10_000,
        )
        price: sa.ColumnClause[int] = sa.column("unit_price", sa.BigInteger())
        op.execute(sa.table(table, price).update().values(unit_price=price.op(sign)(millionths)))


def among(currency: str, codes: str) -> sa.ColumnElement[bool]:
    return sa.literal_column(currency, sa.Text()).in_(codes.split())

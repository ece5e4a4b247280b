"""A map: which column of a CSV file is which field of an event. As read, and free of mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aggregates.statuses import BillingType, TransactionClass
from service.importing.csv_files.formats import MOST_DECIMALS, DateFormat, NumberFormat

CLASSES = tuple(each.value for each in TransactionClass)
BILLING_TYPES = tuple(each.value for each in BillingType)
IDS = ("contract_id", "line_id")
REQUIRED = (*IDS, "date", "quantity", "unit_price", "currency")
"""Fields that each event has; every other may be left out."""
FIELDS = (
    "class",
    *REQUIRED,
    "billable_quantity",
    "tax",
    "billing_type",
    "role",
    "category",
    "task_id",
    "resource",
    "description",
)
CLASS_COLUMN = "class"
"""What a look-up goes by that asks for the class of the row, and not for a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Where a field gets its value, and what is made of it.

    Of several `headings` the cells are joined, or the first counts that has something (`is_first`).
    `*` in a heading stands for anything; `of_heading` asks for that, and not for the cell.
    `constant` stands for a cell. `per_quantity`: the cell is an amount, to be divided by the
    quantity. `not_zero`: 0 is no price in a row that is charged.
    """

    headings: tuple[str, ...] = ()
    is_first: bool = False
    of_heading: bool = False
    constant: str | None = None
    optional: bool = False
    default: str | None = None
    values: Mapping[str, str] | None = None
    as_id: bool = False
    dates: tuple[DateFormat, ...] = (DateFormat("YYYY-MM-DD"),)
    decimals: int = MOST_DECIMALS
    per_quantity: bool = False
    not_zero: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes a row the one that it is: a column with an id, or what is digested.

    Without any headings, the whole row is digested.
    """

    column: Value | None = None
    digested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A table that gives fields by the cells of some columns, whatever case these are in.

    A row of it that leaves a column out has any value there; the most exact row counts.
    """

    name: str
    by: tuple[str, ...]
    tables: tuple[tuple[tuple[int, ...], Mapping[tuple[str, ...], Mapping[str, str]]], ...]
    """What is given, by the columns (their places in `by`) that some rows go by; most first."""
    gives: frozenset[str]

    def find(self, cells: Sequence[str]) -> Mapping[str, str] | None:
        """What the most exact row gives for these cells; None without one."""
        folded = [folded_cell(cell) for cell in cells]
        for places, rows in self.tables:
            found = rows.get(tuple(folded[place] for place in places))
            if found is not None:
                return found
        return None


def folded_cell(cell: str) -> str:
    """A cell as it is compared: whatever case it is in, and whatever spaces it has."""
    return " ".join(cell.split()).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvMap:
    """A map. `skipped` and `only` are conditions by heading: rows that are passed over.

    `delimiter` and `encoding` are None where the file tells.
    """

    name: str
    source: str
    identity: Identity
    fields: Mapping[str, Value]
    lookups: tuple[Lookup, ...] = ()
    skipped: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    only: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    numbers: NumberFormat = field(default_factory=NumberFormat)
    delimiter: str | None = None
    encoding: str | None = None

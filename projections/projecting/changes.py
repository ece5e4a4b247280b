"""What a projection answers to an event: rows to put, patch or drop."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from projections.history import Recorded

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """These whole rows stand from now on, whether they stood before or not."""

    table: Table
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """Rows take these values; each has the primary key and the columns that change."""

    table: Table
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Every row with these values goes."""

    table: Table
    where: Row


Change = Put | Patch | Drop
Projection = Callable[[Recorded], Iterator[Change]]

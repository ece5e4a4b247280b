"""The changes of a page of events put together, so that each row is written once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Table

from projections.projecting.changes import Change, Drop, Patch, Put, Row


@dataclass(frozen=True, slots=True)
class PutRows:
    """These whole rows stand from now on; no two have the same primary key."""

    table: Table
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class PatchRows:
    """Rows of these primary keys take the values of the other columns; all have the same ones."""

    table: Table
    columns: tuple[str, ...]
    rows: Sequence[Row]


Step = PutRows | PatchRows | Drop
"""One statement."""


@dataclass(slots=True)
class _Waiting:
    """What is to be written to a table, by primary key."""

    puts: dict[Any, Row] = field(default_factory=dict[Any, Row])
    patches: dict[Any, Row] = field(default_factory=dict[Any, Row])


def gather(changes: Iterable[Change]) -> list[Step]:
    """Steps that come to the same as the changes, one after the other; for one transaction."""
    steps: list[Step] = []
    waiting: defaultdict[Table, _Waiting] = defaultdict(_Waiting)
    for change in changes:
        match change:
            case Put(table, rows):
                own, key_of = waiting[table], _key_of(table)
                for row in rows:
                    key = key_of(row)
                    own.patches.pop(key, None)
                    own.puts[key] = row
            case Patch(table, rows):
                own, key_of = waiting[table], _key_of(table)
                for row in rows:
                    key = key_of(row)
                    if key in own.puts:
                        own.puts[key] = {**own.puts[key], **row}
                    elif key in own.patches:
                        own.patches[key] = {**own.patches[key], **row}
                    else:
                        own.patches[key] = row
            case _:
                # What came before must be there to be dropped, and what comes after must stay.
                steps += _steps(change.table, waiting.pop(change.table, _Waiting()))
                steps.append(change)
    for table, own in waiting.items():
        steps += _steps(table, own)
    return steps


def _steps(table: Table, waiting: _Waiting) -> Iterable[Step]:
    if waiting.puts:
        yield PutRows(table, list(waiting.puts.values()))
    same_columns: defaultdict[frozenset[str], list[Row]] = defaultdict(list)
    for row in waiting.patches.values():
        same_columns[frozenset(row)].append(row)
    keys = {column.name for column in table.primary_key}
    for columns, rows in same_columns.items():
        yield PatchRows(table, tuple(sorted(columns - keys)), rows)


@cache
def _key_of(table: Table) -> Callable[[Row], Any]:
    return itemgetter(*(column.name for column in table.primary_key))

"""Look-up tables: rows of a map, or of a CSV file that it names, made a table to find by cells."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from service.importing.csv_files.fields_reading import checked
from service.importing.csv_files.formats import NumberFormat, Numbers, Wrong, quoted
from service.importing.csv_files.map import FIELDS, Lookup, folded_cell
from service.importing.csv_files.rows import encoding_of, first_line, rows
from service.importing.entries import BadFile

MOST_ROWS = 100_000
"""Rows of a look-up: it is held in memory."""
SKIP = "skip"
"""What a row gives whose entries are passed over."""
_ANY = "*"
_PLAIN = Numbers(NumberFormat())
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0", ""}

Cells = Mapping[str, str]
Mistakes = list[str]


def table(
    name: str, by: Sequence[str], found: Sequence[tuple[str, Cells]], wrong: Mistakes
) -> Lookup:
    """The table of rows, each with what it is called where something is wrong with it."""
    tables: dict[tuple[int, ...], dict[tuple[str, ...], Cells]] = {}
    for called, row in found:
        given = {key: value for key, value in row.items() if key not in by}
        cells = [folded_cell(row.get(column, _ANY)) for column in by]
        places = tuple(place for place, cell in enumerate(cells) if cell != _ANY)
        key = tuple(cells[place] for place in places)
        if key in tables.setdefault(places, {}):
            wrong.append(f"{called}: another row goes by the same {', '.join(by)}: take one out")
        tables[places][key] = given
    most_exact_first = sorted(tables.items(), key=lambda item: -len(item[0]))
    gives = frozenset(key for _, row in found for key in row if key not in by)
    return Lookup(name=name, by=tuple(by), tables=tuple(most_exact_first), gives=gives)


def rows_in_map(
    name: str, by: Sequence[str], given: object, wrong: Mistakes
) -> Iterator[tuple[str, Cells]]:
    """The rows that a map has itself; what they give is written plainly."""
    if not isinstance(given, list):
        wrong.append(
            f'{name}.rows: must be a list: rows = [{{ {by[0]} = "…", contract_id = "…" }}]'
        )
        return
    for number, row in enumerate(cast("list[object]", given), start=1):
        called = f"{name}, row {number}"
        if not isinstance(row, dict):
            wrong.append(f'{called}: must be a table: {{ {by[0]} = "…", contract_id = "…" }}')
            continue
        cells = {
            key: text
            for key, value in cast("dict[str, object]", row).items()
            if (text := _text(called, key, value, wrong)) is not None
        }
        yield called, _checked(called, by, cells, _PLAIN, wrong)


def rows_in_file(
    name: str, by: Sequence[str], path: Path, numbers: Numbers, wrong: Mistakes
) -> Iterator[tuple[str, Cells]]:
    """The rows of a CSV file; numbers in it are written as the map says."""
    try:
        headings, found = _read(path)
    except (OSError, BadFile, csv.Error) as error:
        wrong.append(f"{name}.file: {path} can't be read: {error}")
        return
    missing = [column for column in by if column not in headings]
    if missing:
        has = ", ".join(headings)
        wrong.append(f"{name}.file: {path} has no column {', '.join(missing)}; it has {has}")
        return
    for number, cells in found:
        called = f"{path}, line {number}"
        if len(cells) != len(headings):
            wrong.append(f"{called}: has {len(cells)} cells, the headings are {len(headings)}")
            continue
        row = {
            heading: cell.strip()
            for heading, cell in zip(headings, cells, strict=True)
            if heading and (cell.strip() or heading in by)
        }
        yield called, _checked(called, by, row, numbers, wrong)


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    encoding = encoding_of(path, None)
    head = first_line(path, encoding)
    delimiter = max(",;\t", key=head.count)
    found: list[tuple[int, list[str]]] = []
    for row in rows(path, encoding, delimiter):
        if row.wrong:
            raise BadFile(f"line {row.number} {row.wrong}")
        if len(found) > MOST_ROWS:
            raise BadFile(f"it has more than {MOST_ROWS} rows")
        found.append((row.number, row.cells))
    if not found:
        raise BadFile("it is empty: it begins with a line of headings")
    return [heading.strip() for heading in found[0][1]], found[1:]


def _checked(
    called: str, by: Sequence[str], row: Cells, numbers: Numbers, wrong: Mistakes
) -> Cells:
    good: dict[str, str] = {}
    for key, value in row.items():
        text = value
        if key not in by and key != SKIP and key not in FIELDS:
            wrong.append(
                f"{called}: {quoted(key)} is neither a column that it goes by "
                f"({', '.join(by)}) nor a field: {', '.join(FIELDS)}"
            )
        elif key == SKIP and key not in by:
            if value.casefold() not in _YES | _NO:
                wrong.append(f"{called}: {SKIP} must be yes or no")
            if value.casefold() not in _YES:
                continue
        elif key not in by:
            try:
                text = checked(key, value, numbers)
            except Wrong as error:
                wrong.append(f"{called}: {key}: {error}")
        good[key] = text
    return good


def _text(called: str, key: str, value: object, wrong: Mistakes) -> str | None:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    wrong.append(f'{called}: {key} must be a text: {key} = "{value}"')
    return None

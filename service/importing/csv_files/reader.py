"""A CSV file as a reader of events: rows in, events or what is wrong with the row out."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from service.importing.csv_files.columns import Columns, delimiter_of
from service.importing.csv_files.events import BadRow, Events, skips
from service.importing.csv_files.map import CsvMap
from service.importing.csv_files.occurrences import Occurrences
from service.importing.csv_files.rows import Encoding, Row, encoding_of, first_line, rows
from service.importing.entries import NOTHING, BadFile, Entry, Share
from service.importing.rejects import text_of
from service.wire.intake.cloudevents import BadEvent
from service.wire.problem.problems import Problem, invalid_fields

_DATA = re.compile(r"\bdata\.(\w+)(?=:)")
_ID_BYTES = 16
"""Bytes of a digest that are an id: twice as many characters."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file and its map."""

    path: str
    map: CsvMap

    def entries(self, share: Share) -> Iterator[Entry]:
        """The rows of a share. Raises BadFile when the headings are not those of the map."""
        with Occurrences() as seen:
            file = _File(self, share, seen)
            for row in file.rows:
                if entry := file.entry(row):
                    yield entry

    def check(self) -> None:
        """Raises BadFile when there is no sense in reading the rows, OSError."""
        opened(self)

    def told(self, problem: Problem) -> Problem:
        """A problem of an event, with the columns of its fields in place of their names."""
        if not _DATA.search(problem.detail):
            return problem

        def named(found: re.Match[str]) -> str:
            value = self.map.fields.get(found[1])
            columns = value.headings if value else ()
            return f"{' and '.join(columns)} ({found[1]})" if columns else found[1]

        return replace(problem, detail=_DATA.sub(named, problem.detail), extra={})

    def rejected(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The refused rows as they stood, under the headings; nothing where there are none."""
        encoding, _, (head, *_) = opened(self)
        begun = False
        for line in lines:
            if not begun:
                begun = True
                yield encoding.mark + encoding.encoded(_ended(head.text))
            yield encoding.encoded(_ended(text_of(line).decode("utf-8", "surrogateescape")))


def opened(file: CsvFile) -> tuple[Encoding, Iterator[Row], tuple[Row, Columns]]:
    """A file's encoding, its rows, the one with the headings, and what the map finds in it."""
    path = Path(file.path)
    encoding = encoding_of(path, file.map.encoding)
    line = first_line(path, encoding)
    if not line.strip():
        raise BadFile(f"{path.name} is empty: a CSV file begins with a line of headings")
    found = rows(path, encoding, delimiter_of(file.map, line))
    head = next(found, None)
    if head is None or head.wrong:
        raise BadFile(f"{path.name}: the line of headings {head.wrong if head else 'is missing'}")
    try:
        return encoding, found, (head, Columns(file.map, head.cells))
    except BadFile as error:
        raise BadFile(f"{path.name} does not fit the map {file.map.name}: {error}") from None


class _File:
    """A file under way."""

    def __init__(self, file: CsvFile, share: Share, seen: Occurrences) -> None:
        self._share, self._seen = share, seen
        self._encoding, rest, (head, columns) = opened(file)
        self._columns = columns
        self._events = Events(file.map, columns)
        self._head = head.number
        self.rows = chain([head], rest)

    def entry(self, row: Row) -> Entry | None:
        """What a row is; None where it is in another share."""
        if row.number == self._head:
            return self._entry(row, NOTHING) if self._share.number == 0 else None
        wrong = row.wrong or self._wrong_cells(row)
        if wrong:
            return self._bad(row, [("row", wrong)]) if self._share.number == 0 else None
        events = self._events
        cells = [cell.strip() for cell in row.cells]
        digest = events.digest(cells)
        number = self._seen.number(digest) if digest else 1
        told = events.looked_up(cells)
        if events.is_skipped(cells) or skips(told):
            return self._entry(row, NOTHING, skipped=True) if self._share.number == 0 else None
        if not self._share.has(events.contract_id(cells, told)):
            return None
        try:
            event_id = _id(digest, number) if digest else events.own_id(cells)
            return self._entry(row, events.event(cells, told, event_id))
        except BadRow as error:
            return self._bad(row, error.wrong)

    def _wrong_cells(self, row: Row) -> str | None:
        count, cells = self._columns.count, row.cells
        if len(cells) < count or any(cells[count:]):
            return f"has {len(cells)} cells, the headings are {count}"
        if self._encoding.is_unreadable(row.text):
            return (
                f"has bytes that are no {self._encoding.name}; if the file is encoded "
                'otherwise, say so in the map: encoding = "cp1252" under [file]'
            )
        return None

    def _bad(self, row: Row, wrong: Sequence[tuple[str, str]]) -> Entry:
        return self._entry(row, BadEvent(None, invalid_fields(wrong)))

    def _entry(self, row: Row, event: object, *, skipped: bool = False) -> Entry:
        text, encoding = row.text.encode("utf-8", "surrogateescape"), self._encoding
        size = len(encoding.encoded(row.text))
        if row.number == self._head:
            size += len(encoding.mark)
        return Entry(row.number, text, size, event, skipped)


def _id(digest: bytes, number: int) -> str:
    """The id of one of several equal rows; the first has none of their numbers in it."""
    made = digest[:_ID_BYTES].hex()
    return made if number == 1 else f"{made}-{number}"


def _ended(row: str) -> str:
    return row if row.endswith("\n") else f"{row}\n"

"""A map held against the headings of a file: which cell each field is read from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.importing.csv_files.formats import quoted
from service.importing.csv_files.map import CLASS_COLUMN, CsvMap, Value, folded_cell
from service.importing.entries import BadFile
from service.wire.problem.problems import shown

DELIMITERS = (",", ";", "\t", "|")
_SHOWN = 600
"""Characters of a file's headings that are repeated."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells that a field is read from, in order, by their places and headings.

    `told` is what stands for `*` in the heading, where that is asked for.
    """

    value: Value
    places: tuple[int, ...]
    headings: tuple[str, ...]
    told: str | None = None

    def text(self, cells: Sequence[str]) -> str:
        """What the row says, empty for nothing; the map's `values` and `default` not applied."""
        if self.told is not None:
            return self.told
        if self.value.constant is not None:
            return self.value.constant
        found = (cells[place] for place in self.places)
        if self.value.is_first:
            return next((cell for cell in found if cell), "")
        return " ".join(cell for cell in found if cell)

    def called(self, cells: Sequence[str]) -> str:
        """The column that it was read from, for those who mend it."""
        if self.value.is_first:
            for place, heading in zip(self.places, self.headings, strict=True):
                if cells[place]:
                    return heading
        return " and ".join(self.headings) or "the map"


class Columns:
    """The columns of a file by the map; raises BadFile when some that it needs are not there."""

    def __init__(self, mapped: CsvMap, headings: Sequence[str]) -> None:
        self.count = len(headings)
        self._headings = [heading.strip() for heading in headings]
        self._known = [folded_cell(heading) for heading in self._headings]
        self._wrong: dict[str, list[str]] = {}
        self.fields = {
            name: self._cells(f"fields.{name}", value) for name, value in mapped.fields.items()
        }
        self.by = [
            [
                self._place(f"lookup {number}", name)
                for name in table.by
                if name != CLASS_COLUMN or folded_cell(name) in self._known
            ]
            for number, table in enumerate(mapped.lookups, start=1)
        ]
        self.by_class = [
            CLASS_COLUMN in table.by and folded_cell(CLASS_COLUMN) not in self._known
            for table in mapped.lookups
        ]
        column = mapped.identity.column
        self.id = self._cells("id", column) if column else None
        self.digested = self._digested(mapped)
        self.skipped = [(self._place("skip", n), v) for n, v in mapped.skipped.items()]
        self.only = [(self._place("only", n), v) for n, v in mapped.only.items()]
        if self._wrong:
            has = shown(", ".join(heading for heading in self._headings if heading), _SHOWN)
            told = (f"{what} (for {', '.join(whys)})" for what, whys in self._wrong.items())
            raise BadFile(f"it has {', '.join(told)}; it has the columns {has}")

    def _digested(self, mapped: CsvMap) -> tuple[tuple[str, int], ...]:
        """The headings and places of what is digested, in the order of the headings."""
        if mapped.identity.column:
            return ()
        names = mapped.identity.digested
        if not names:
            return tuple(sorted(zip(self._known, range(self.count), strict=True)))
        return tuple((folded_cell(name), self._place("id.digest", name)) for name in names)

    def _place(self, where: str, name: str) -> int:
        places = [*self._places(name)]
        if len(places) == 1:
            return places[0]
        what = "no column" if not places else "more than one column"
        self._wrong.setdefault(f"{what} {quoted(name)}", []).append(where)
        return 0

    def _places(self, name: str) -> Iterator[int]:
        folded = folded_cell(name)
        if "*" not in folded:
            return (place for place, known in enumerate(self._known) if known == folded)
        pattern = _pattern(folded)
        return (place for place, known in enumerate(self._known) if pattern.fullmatch(known))

    def _cells(self, where: str, value: Value) -> Cells:
        names = value.headings
        if value.optional or value.is_first:
            there = tuple(name for name in names if any(True for _ in self._places(name)))
            if value.optional or there:
                names = there
            elif names:
                listed = " or ".join(quoted(name) for name in names)
                self._wrong.setdefault(f"no column {listed}", []).append(where)
                return Cells(value, (), ())
        places = tuple(self._place(where, name) for name in names)
        headings = tuple(self._headings[place] for place in places)
        told = None
        if value.of_heading:
            told = ""
            for name, heading in zip(names, headings, strict=True):
                if found := _pattern(name).fullmatch(heading):
                    told = found[1]
        return Cells(value, places, headings, told)


def _pattern(name: str) -> re.Pattern[str]:
    """What a heading with a `*` stands for."""
    parts = (re.escape(part) for part in name.split("*"))
    return re.compile("(.*)".join(parts), re.IGNORECASE | re.DOTALL)


def delimiter_of(mapped: CsvMap, line: str) -> str:
    """What is between the cells of a line: by the map, else what makes the most of it."""
    if mapped.delimiter:
        return mapped.delimiter
    outside = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=outside.count)

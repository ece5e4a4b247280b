"""Maps as they are written, in TOML: read, with every mistake named at once."""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from service.importing.csv_files import lookups
from service.importing.csv_files.fields_reading import Fields, shown_names
from service.importing.csv_files.formats import NumberFormat, Numbers
from service.importing.csv_files.map import (
    FIELDS,
    IDS,
    REQUIRED,
    CsvMap,
    Identity,
    Lookup,
    Value,
    folded_cell,
)
from service.importing.entries import BadFile
from service.wire.intake.envelopes import LONGEST

Json = dict[str, Any]
LARGEST = 16 * 1024 * 1024
"""Bytes of a map."""
_PARTS = ("source", "id", "file", "numbers", "fields", "skip", "only", "lookup")
_ID = 'id = { column = "ID" }, id = { digest = ["Date", "User", …] } or id = { digest = "row" }'


class BadMap(BadFile):
    """A map has mistakes: the message names them all, and what would be right."""


def read_map(path: Path) -> CsvMap:
    """The map in a file. Raises BadMap with all that is wrong in it, OSError."""
    with path.open("rb") as file:
        text = file.read(LARGEST + 1)
    return map_of(text, path.name, path.parent)


def map_of(text: bytes, name: str, folder: Path) -> CsvMap:
    """The map that a text says; files that it names are in the folder. Raises BadMap."""
    if len(text) > LARGEST:
        raise BadMap(f"{name} is no map: it has more than {LARGEST} bytes")
    try:
        document = tomllib.loads(text.decode())
    except UnicodeDecodeError as error:
        raise BadMap(f"{name} is no TOML: byte {error.start + 1} is no UTF-8") from None
    except RecursionError:
        raise BadMap(f"{name} is no TOML that can be read: it is nested too deep") from None
    except ValueError as error:
        raise BadMap(f"{name} is no TOML: {error}") from None
    reading = _Reading(document, name, folder)
    made = reading.map()
    if reading.wrong:
        told = "".join(f"\n  {mistake}" for mistake in dict.fromkeys(reading.wrong))
        raise BadMap(f"the map {name} has mistakes:{told}")
    return made


class _Reading:
    """Reads one document; `wrong` has its mistakes."""

    def __init__(self, document: Json, name: str, folder: Path) -> None:
        self._document, self._name, self._folder = document, name, folder
        self.wrong: list[str] = []

    def map(self) -> CsvMap:
        """The map, for what it is worth where something is wrong."""
        self._only_known("", self._document, _PARTS)
        file = self._table("file", ("delimiter", "encoding"))
        numbers = self._numbers()
        reader = Fields(numbers, self.wrong)
        fields = reader.all(self._document.get("fields"))
        tables = self._lookups(Numbers(numbers))
        self._missing(fields, tables)
        return CsvMap(
            name=self._name,
            source=self._source(),
            identity=self._identity(reader),
            fields=fields,
            lookups=tables,
            skipped=self._conditions("skip"),
            only=self._conditions("only"),
            numbers=numbers,
            delimiter=self._delimiter(file.get("delimiter")),
            encoding=self._encoding(file.get("encoding")),
        )

    # --- parts ---------------------------------------------------------------------------------

    def _source(self) -> str:
        source = self._document.get("source")
        is_one = isinstance(source, str) and source and source.isprintable() and " " not in source
        if not is_one or len(cast("str", source)) > LONGEST:
            self.wrong.append(
                'source: must name where the entries come from, without spaces: source = "harvest"'
            )
            return ""
        return cast("str", source)

    def _identity(self, fields: Fields) -> Identity:
        given = self._document.get("id")
        if (
            not isinstance(given, dict)
            or len(cast("Json", given).keys() & {"column", "digest"}) != 1
        ):
            self.wrong.append(f"id: must say what makes a row the one that it is: {_ID}")
            return Identity()
        told = cast("Json", given)
        if "column" in told:
            return Identity(column=fields.value("id", told))
        self._only_known("id", told, ("digest",))
        if told["digest"] == "row":
            return Identity()
        return Identity(digested=self._texts("id.digest", told["digest"]))

    def _numbers(self) -> NumberFormat:
        told = self._table("numbers", ("decimal", "thousands"))
        decimal, thousands = told.get("decimal", "."), told.get("thousands", "")
        if decimal not in {".", ","}:
            self.wrong.append('numbers.decimal: must be "." or ","')
            decimal = "."
        if thousands not in {"", ",", ".", " ", "'"} or thousands == decimal:
            self.wrong.append(
                'numbers.thousands: must be "", ",", ".", " " or "\'", and not the decimal sign'
            )
            thousands = ""
        return NumberFormat(decimal, thousands)

    def _delimiter(self, given: object) -> str | None:
        if given is None or given in {",", ";", "\t", "|"}:
            return cast("str | None", given)
        self.wrong.append('file.delimiter: must be ",", ";", "\\t" or "|"; left out, it is found')
        return None

    def _encoding(self, given: object) -> str | None:
        if given is None:
            return None
        try:
            "".encode(cast("str", given))
        except (LookupError, TypeError, ValueError):
            self.wrong.append(
                'file.encoding: must be a known encoding, such as "utf-8", "cp1252" or "latin-1"'
            )
            return None
        return cast("str", given)

    def _conditions(self, part: str) -> Mapping[str, frozenset[str]]:
        given = self._document.get(part, {})
        if not isinstance(given, dict):
            self.wrong.append(f'{part}: must name values by column: "Invoiced?" = ["Yes"]')
            return {}
        return {
            heading: frozenset(
                folded_cell(text)
                for text in self._texts(f"{part}.{heading}", values, or_empty=True)
            )
            for heading, values in cast("Json", given).items()
        }

    def _lookups(self, numbers: Numbers) -> tuple[Lookup, ...]:
        given = self._document.get("lookup", [])
        if not isinstance(given, list):
            self.wrong.append("lookup: look-ups begin with [[lookup]], in double brackets")
            return ()
        found: list[Lookup] = []
        for number, told in enumerate(cast("list[Json]", given), start=1):
            name = f"lookup {number}"
            if not self._only_known(name, told, ("by", "rows", "file")):
                continue
            by = self._texts(f"{name}.by", told.get("by"))
            if not by:
                continue
            rows = [*lookups.rows_in_map(name, by, told.get("rows", []), self.wrong)]
            file = told.get("file")
            if isinstance(file, str):
                path = self._folder / file
                rows += lookups.rows_in_file(name, by, path, numbers, self.wrong)
            elif file is not None or "rows" not in told:
                self.wrong.append(f'{name}: must have rows = [...], or file = "projects.csv"')
            found.append(lookups.table(name, by, rows, self.wrong))
        return tuple(found)

    def _missing(self, fields: Mapping[str, Value], tables: Sequence[Lookup]) -> None:
        """Names the fields that nothing gives."""
        given = {*fields, *(name for table in tables for name in table.gives)}
        told = self._document.get("fields")
        named: set[str] = set(cast("Json", told)) if isinstance(told, dict) else set()
        for name in REQUIRED:
            if name not in given | named:
                by_lookup = ", or by a look-up" if name in (*IDS, "unit_price", "currency") else ""
                self.wrong.append(
                    f'fields.{name}: is required: {name} = "the heading of its column", '
                    f'{name} = {{ value = "always the same" }}{by_lookup}'
                )

    # --- what parts are made of ----------------------------------------------------------------

    def _table(self, name: str, known: Sequence[str]) -> Json:
        given = self._document.get(name, {})
        if not isinstance(given, dict):
            self.wrong.append(f"{name}: must be a table, under [{name}]")
            return {}
        self._only_known(name, cast("Json", given), known)
        return cast("Json", given)

    def _only_known(self, name: str, given: object, known: Sequence[str]) -> bool:
        """Names what is not known in a table; whether it is one."""
        if not isinstance(given, dict):
            self.wrong.append(f"{name}: must be a table")
            return False
        for key in cast("Json", given):
            if key in known:
                continue
            close = get_close_matches(key, known, n=1)
            meant = f"; perhaps {close[0]}" if close else ""
            where = f"{name}.{key}" if name else key
            also = "; a field stands under [fields]" if not name and key in FIELDS else ""
            self.wrong.append(
                f"{where}: is not known{meant or also}; there are {shown_names(known)}"
            )
        return True

    def _texts(self, name: str, given: object, *, or_empty: bool = False) -> tuple[str, ...]:
        texts = [given] if isinstance(given, str) else given
        is_list = isinstance(texts, list) and bool(cast("list[object]", texts))
        if is_list and all(
            isinstance(each, str) and (each or or_empty) for each in cast("list[object]", texts)
        ):
            return tuple(each.strip() for each in cast("list[str]", texts))
        example = '["Yes"]' if or_empty else '["Client", "Project"]'
        self.wrong.append(f"{name}: must be a list of texts, such as {example}")
        return ()

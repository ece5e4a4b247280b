"""What a file is that somebody wants imported: what is none at all is told once, not by line."""

import re
from collections.abc import Sequence
from pathlib import Path

from service.importing.csv_files import ready
from service.importing.csv_files.columns import Columns, delimiter_of
from service.importing.csv_files.map import CsvMap
from service.importing.csv_files.reader import CsvFile
from service.importing.csv_files.rows import encoding_of, first_line
from service.importing.entries import BadFile, Reader
from service.importing.json_lines import JsonLines

_LOOKED_AT = 64 * 1024
"""Bytes of a file's beginning that are looked at."""
_OTHERS = {
    b"PK\x03\x04": "a spreadsheet (xlsx, ods) or a zip archive: save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (xls): save it as CSV",
    b"\x1f\x8b": "compressed: unpack it first",
    b"%PDF": "a PDF: export CSV in place of it",
    b"SQLite format 3\x00": "an SQLite database",
}
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<!--")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MARK = b"\xef\xbb\xbf"
_EVENT = b'"specversion"'
_WITHIN_OBJECT = re.compile(rb'"(?:[^"\\]|\\.)*"\s*:|[\]}]+,?$')
"""How a line within an object begins: with a name, or with the end of the object."""


def reader_of(path: Path, mapped: CsvMap | None) -> Reader:
    """What reads the file: rows of CSV with a map, else CloudEvents. Raises BadFile, OSError."""
    with path.open("rb") as file:
        beginning = file.read(_LOOKED_AT)
    _refuse_others(path, beginning, mapped)
    text = beginning.removeprefix(_MARK).lstrip()
    if mapped is None:
        _refuse_no_events(path, text)
        return JsonLines(str(path.absolute()))
    if text[:1] in {b"{", b"["} and _EVENT in text:
        raise BadFile(f"{path.name} holds CloudEvents: import it without --map")
    found = CsvFile(str(path.absolute()), mapped)
    found.check()
    return found


def _refuse_others(path: Path, beginning: bytes, mapped: CsvMap | None) -> None:
    for mark, what in _OTHERS.items():
        if beginning.startswith(mark):
            raise BadFile(f"{path.name} is {what}")
    if beginning.lstrip(_MARK + b" \t\r\n")[:9].lower().startswith(_MARKUP):
        raise BadFile(f"{path.name} is a web page or XML, and no export: download it again")
    is_utf16 = beginning.startswith(_UTF16) or (
        mapped is not None and (mapped.encoding or "").lower().startswith("utf-16")
    )
    has_lines = b"\n{" in beginning or beginning.lstrip(_MARK).startswith(b"{")
    if b"\x00" in beginning and not (is_utf16 and mapped) and not has_lines:
        utf16 = ", or UTF-16 (which needs a map)" if is_utf16 else ""
        raise BadFile(f"{path.name} is no text: it is binary{utf16}")


def _refuse_no_events(path: Path, text: bytes) -> None:
    """Raises BadFile for what is empty, one JSON over many lines, or has no line like an event."""
    if not text:
        _refuse_empty(path)
        return
    lines = [line.strip() for line in text.splitlines()]
    if _is_spread(lines):
        how = "jq -c '.[]'" if text.startswith(b"[") else "jq -c ."
        raise BadFile(
            f"{path.name} is JSON over several lines: write its events one a line ({how} does it)"
        )
    if any(line.startswith(b"{") for line in lines):
        return
    if text.startswith(b"["):
        raise BadFile(
            f"{path.name} is a JSON array: write its events one a line (jq -c '.[]' does it)"
        )
    raise BadFile(f"{path.name} is no file of CloudEvents, one a line{_if_csv(path)}")


def _refuse_empty(path: Path) -> None:
    """Raises BadFile unless there is something after all that was looked at."""
    with path.open("rb") as file:
        mark = file.read(len(_MARK))
        rest = b"" if mark == _MARK else mark
        while not rest.strip():
            rest = file.read(_LOOKED_AT)
            if not rest:
                raise BadFile(f"{path.name} is empty: an import takes CloudEvents, one a line")


def _is_spread(lines: Sequence[bytes]) -> bool:
    """Whether lines are those of an array or object that is written over several of them.

    Where one of the others is an object by itself, the first one may be bad, and stops no others.
    """
    first, *others = [line for line in lines if line]
    if not others or first.endswith((b"}", b"]")):
        return False
    if first.startswith(b"["):
        after = [*others[1:], b"]"]
        alone = (
            _is_whole(one) and follows[:1] not in b"],"
            for one, follows in zip(others, after, strict=True)
        )
        return not any(alone)
    is_within = first.startswith(b"{") and _WITHIN_OBJECT.match(others[0])
    return bool(is_within) and not any(_is_whole(one) and _EVENT in one for one in others)


def _is_whole(line: bytes) -> bool:
    return line.startswith(b"{") and line.endswith(b"}")


def _if_csv(path: Path) -> str:
    """What helps where it may be CSV: the ready map that fits, or which there are."""
    line = first_line(path, encoding_of(path, None))
    fitting = ready.fitting(lambda mapped: _fits(mapped, line))
    if fitting:
        return f": its headings are those of {fitting}, give --map {fitting}"
    if any(mark in line for mark in ",;\t"):
        return f": for CSV give --map, with a file or one of {', '.join(ready.names())}"
    return ""


def _fits(mapped: CsvMap, line: str) -> bool:
    cells = [cell.strip('"') for cell in line.split(delimiter_of(mapped, line))]
    try:
        Columns(mapped, cells)
    except BadFile:
        return False
    return True

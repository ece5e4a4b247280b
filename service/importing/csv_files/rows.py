"""The rows of a CSV file as it lies there: encodings, quotation marks, and rows with mistakes.

A row that can't be told apart is one line, and the next line begins the next row: a quotation mark
that is never closed takes no other row with it.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from service.importing.entries import BadFile

LONGEST_ROW = 1024 * 1024
"""Characters of a row; a longer one is refused, unread."""
_BEGINNING = 1024
"""Characters that are kept of such a row."""
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What stands for bytes that are no text."""
_NO_TEXT = "\ufffd"
"""What stands for bytes that are no UTF-16."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's text is encoded, and the mark that it begins with."""

    name: str
    mark: bytes = b""

    @property
    def errors(self) -> str:
        """Keeps bytes that are no text as they are, as far as that can be."""
        return "replace" if self._is_utf16() else "surrogateescape"

    def is_unreadable(self, text: str) -> bool:
        """Whether a text holds bytes that are none in this encoding."""
        if text.isascii():
            return False
        if self._is_utf16():
            return _NO_TEXT in text
        return _SURROGATE.search(text) is not None

    def _is_utf16(self) -> bool:
        return self.name.lower().replace("_", "-").startswith("utf-16")

    def encoded(self, text: str) -> bytes:
        """A text of the file as it was there."""
        return text.encode(self.name, self.errors)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the number of its first line, its cells, and its text as it stood.

    Without cells where it can't be told apart, for the reason in `wrong`.
    """

    number: int
    cells: list[str]
    text: str
    wrong: str | None = None


def encoding_of(path: Path, told: str | None) -> Encoding:
    """How a file is encoded: by its mark, else as it was told, else UTF-8."""
    with path.open("rb") as file:
        first = file.read(3)
    for mark, name in _MARKS.items():
        if first.startswith(mark):
            return Encoding(name, mark)
    return Encoding(told or "utf-8")


def first_line(path: Path, encoding: Encoding) -> str:
    """The first line that is not empty, without its end; empty where there is none."""
    with path.open("rb") as file:
        text = _text(file, encoding)
        for _ in range(100):
            line = text.readline(LONGEST_ROW)
            if line.strip() or not line:
                return line.rstrip("\r\n")
    return ""


def rows(path: Path, encoding: Encoding, delimiter: str) -> Iterator[Row]:
    """The rows of a file, that of the headings first, without empty ones.

    Raises BadFile when the encoding is not one that Python knows.
    """
    with path.open("rb") as file:
        lines = _Lines(_text(file, encoding))
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            row = _next(reader, lines)
            if row is None:
                return
            yield row


def _text(file: IO[bytes], encoding: Encoding) -> TextIOWrapper:
    file.seek(len(encoding.mark))
    try:
        return TextIOWrapper(file, encoding.name, encoding.errors, newline="")
    except LookupError:
        raise BadFile(f"there is no encoding {encoding.name!r}, such as 'cp1252'") from None


class _TooLong(Exception):
    """The row has more characters than are read."""


class _Lines:
    """Lines of a text for the csv reader, which remembers those of the row under way."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._again = deque[str]()
        self.number = 1
        self.taken: list[str] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        if self._size > LONGEST_ROW:
            raise _TooLong
        return line

    def done(self) -> tuple[int, str]:
        """The number and the text of the row that ends here."""
        number, text = self.number, "".join(self.taken)
        self.number += len(self.taken)
        self._forget()
        return number, text

    def first_alone(self) -> tuple[int, str]:
        """The number and the text of the first line; what came after it is read again."""
        number, text = self.number, self.taken[0]
        self._again.extendleft(reversed(self.taken[1:]))
        self.number += 1
        self._forget()
        if len(text) > LONGEST_ROW:
            text = text[:_BEGINNING]
            while (more := self._text.readline(LONGEST_ROW)) and not more.endswith(("\n", "\r")):
                pass
        return number, text

    def _forget(self) -> None:
        self.taken, self._size = [], 0


def _next(reader: Iterator[list[str]], lines: _Lines) -> Row | None:
    """The next row that is not empty, None at the end."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return None
        except csv.Error as error:
            number, text = lines.first_alone()
            return Row(number, [], text, _wrong(error))
        except _TooLong:
            number, text = lines.first_alone()
            return Row(number, [], text, f"has more than {LONGEST_ROW} characters")
        number, text = lines.done()
        if any(cell.strip() for cell in cells):
            return Row(number, cells, text)


def _wrong(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"has a cell of more than {csv.field_size_limit()} characters"
    return "has a quotation mark that is not closed, or not doubled where it belongs to the text"

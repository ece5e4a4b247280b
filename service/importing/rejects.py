"""The lines of an import that were refused, in a file: a JSON object a line, by number.

`{"line": 7, "problem": {…}, "text": "…"}`, without the end of the line; `bytes` (Base64) in place
of `text` for a line that is no UTF-8. Of a line that is too long there is only the beginning.
A reader of other files makes of these what can be imported again.
"""

import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from heapq import merge
from pathlib import Path
from typing import IO

import msgspec

from service.importing.entries import BadFile
from service.wire.problem.problems import Problem

LONGEST_FIRST = 64 * 1024 * 1024
"""Bytes of a first line that is read to see what a file is: as long as a refused line can be."""


class _Number(msgspec.Struct):
    line: int


_NUMBER = msgspec.json.Decoder(_Number)


class Rejects:
    """Takes refused lines, and writes them into a file that is open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, number: int, problem: Problem, line: bytes) -> None:
        """Writes one of them."""
        line = line.removesuffix(b"\n")
        entry: dict[str, object] = {"line": number, "problem": problem.body()}
        try:
            entry["text"] = line.decode()
        except UnicodeDecodeError:
            entry["bytes"] = b64encode(line).decode()
        self._file.write(msgspec.json.encode(entry) + b"\n")


class RejectsFile:
    """A file of rejects in the making: each share of an import writes a part, beside the file."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._folder = path, folder

    def part(self, number: int) -> str:
        """Where the lines of a share go, in order."""
        return str(self._folder / str(number))

    def finish(self, written: Callable[[Iterable[bytes]], Iterator[bytes]]) -> None:
        """Puts the parts together by the numbers of the lines, in place of what was there.

        They are written as `written` makes them.
        """
        parts, whole = list(self._folder.iterdir()), self._folder / "whole"
        with ExitStack() as stack, whole.open("wb") as file:
            opened = [stack.enter_context(path.open("rb")) for path in parts]
            file.writelines(written(merge(*opened, key=_number)))
        whole.replace(self._path)


class _Text(msgspec.Struct):
    text: str | None = None
    bytes: str | None = None


_TEXT = msgspec.json.Decoder(_Text)


def text_of(entry: bytes) -> bytes:
    """A refused line as it came, without its end."""
    found = _TEXT.decode(entry)
    return b64decode(found.bytes) if found.bytes else (found.text or "").encode()


def holds_rejects(path: Path) -> bool:
    """Whether there is nothing at that path but refused lines of an import before."""
    if not path.exists():
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline(LONGEST_FIRST)
    try:
        return not first or _NUMBER.decode(first).line > 0
    except msgspec.MsgspecError:
        return False


def _number(entry: bytes) -> int:
    return _NUMBER.decode(entry).line


@contextmanager
def rejects_file(path: Path) -> Generator[RejectsFile]:
    """The file of rejects, made before anything is taken in: raises BadFile when it can't be.

    What was there stays until `finish`.
    """
    try:
        beside = tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise BadFile(f"{path} can't be written: {error.strerror or error}") from None
    with beside as folder:
        yield RejectsFile(path, Path(folder))


@contextmanager
def opened(part: str | None) -> Generator[Rejects | None]:
    """The part, to be written; None for none."""
    if part is None:
        yield None
        return
    with Path(part).open("wb") as file:
        yield Rejects(file)

"""CSV files and maps for tests: written, and read without a database."""

from pathlib import Path
from typing import Any, cast

from service.importing.csv_files.map_reading import map_of
from service.importing.csv_files.reader import CsvFile
from service.importing.entries import NOTHING, WHOLE, Entry, Share
from service.wire.intake.cloudevents import BadEvent

Json = dict[str, Any]
MAP = """
source = "sheet"
id = { digest = "row" }
[fields]
contract_id = "Contract"
line_id = { value = "L1" }
date = "Date"
quantity = "Hours"
unit_price = "Rate"
currency = { value = "EUR" }
description = { column = "Note", optional = true }
"""
HEAD = "Contract,Date,Hours,Rate,Note\n"


def row(note: str = "", contract: str = "C1", hours: str = "1", rate: str = "10.00") -> str:
    return f"{contract},2026-10-05,{hours},{rate},{note}\n"


def written(folder: Path, content: str | bytes, name: str = "hours.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def csv_file(path: Path, text: str = MAP) -> CsvFile:
    return CsvFile(str(path), map_of(text.encode(), "test.toml", path.parent))


def entries(file: CsvFile, share: Share = WHOLE) -> list[Entry]:
    return [*file.entries(share)]


def events(file: CsvFile) -> list[Json]:
    """The events of a file in which nothing is wrong."""
    found = [entry.event for entry in entries(file) if entry.event is not NOTHING]
    assert [str(each) for each in found if isinstance(each, BadEvent)] == []
    return cast("list[Json]", found)


def wrong(file: CsvFile) -> dict[int, str]:
    """What is wrong with which lines."""
    return {
        entry.number: str(entry.event)
        for entry in entries(file)
        if isinstance(entry.event, BadEvent)
    }


def good(file: CsvFile, share: Share = WHOLE) -> dict[int, Json]:
    """The events in which nothing is wrong, by line."""
    found = {entry.number: entry.event for entry in entries(file, share)}
    return {line: cast("Json", event) for line, event in found.items() if isinstance(event, dict)}


def notes(file: CsvFile) -> list[str]:
    """The descriptions of those events in which nothing is wrong."""
    return [event["data"].get("description", "") for event in good(file).values()]

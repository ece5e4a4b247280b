"""Maps: the ready ones read what their products export, and mistakes are named all at once."""

import csv
import io
from pathlib import Path

import pytest

from service.importing.csv_files import ready
from service.importing.csv_files.map_reading import BadMap, map_of
from service.importing.csv_files.reader import CsvFile
from service.importing.entries import BadFile
from service.wire.intake.cloudevents import read
from tests.service.importing.exports_told import NAMES, OF, SAID_FIELDS, SAYS, SKIPPED
from tests.service.importing.reading_csv import (
    HEAD,
    MAP,
    csv_file,
    entries,
    events,
    good,
    row,
    written,
    wrong,
)


def test_the_ready_maps_are_those_of_four_products_and_each_says_what_it_is_for() -> None:
    assert sorted(NAMES) == [*ready.names()]
    for name in NAMES:
        assert name.capitalize() in ready.about(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_map_reads_what_its_product_exports(tmp_path: Path, name: str) -> None:
    file = CsvFile(str(written(tmp_path, OF[name])), ready.named(name))
    found = events(file)
    said = [tuple(event["data"].get(field) for field in SAID_FIELDS) for event in found]
    assert said == SAYS[name]
    assert {(event["source"], event["data"]["line_id"]) for event in found} == {(name, "TIME")}
    assert [read(event).ignored for event in found] == [()] * len(found)
    assert sum(entry.is_skipped for entry in entries(file)) == SKIPPED[name]


@pytest.mark.parametrize("name", NAMES)
def test_ids_stay_when_columns_come_go_or_move_and_order_and_spaces_change(
    tmp_path: Path, name: str
) -> None:
    before = events(CsvFile(str(written(tmp_path, OF[name])), ready.named(name)))
    lines = csv_rows(OF[name])
    changed = [[*reversed(line), "more"] for line in [lines[0], *reversed(lines[1:])]]
    text = "\r\n".join(";".join(quoted(f" {cell} ") for cell in line) for line in changed)
    after = events(CsvFile(str(written(tmp_path, text, "again.csv")), ready.named(name)))
    assert sorted(event["id"] for event in after) == sorted(event["id"] for event in before)


def csv_rows(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""))]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def test_a_map_can_be_copied_and_changed(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(ready.text("harvest").replace('"TIME"', '"WORK"'), encoding="utf-8")
    file = CsvFile(str(written(tmp_path, OF["harvest"])), ready.named(str(mine)))
    assert {event["data"]["line_id"] for event in events(file)} == {"WORK"}


def test_the_look_ups_in_the_comments_of_ready_maps_are_right_when_they_are_taken_in() -> None:
    for name in NAMES:
        text = ready.text(name)
        begin = text.index("# [[lookup]]")
        taken_in = text[:begin] + "\n".join(
            line[2:] if line.startswith(("# [[", "# by", "# rows", "#   {", "# ]")) else line
            for line in text[begin:].splitlines()
        )
        assert len(map_of(taken_in.encode(), name, Path()).lookups) == 2


LOOKUPS = """
[[lookup]]
by = ["Client", "Project", "class"]
rows = [
  { Client = "Port", contract_id = "PC-1", line_id = "ANY" },
  { Client = "Port", Project = "Quay", contract_id = "PC-1", line_id = "QUAY" },
  { Client = "Port", Project = "Quay", class = "expense", contract_id = "PC-1", line_id = "COSTS" },
  { Client = "Us", skip = true },
]
[[lookup]]
by = ["Who"]
file = "rates.csv"
"""
OWN = """
source = "own"
id = { column = "No" }
[numbers]
decimal = ","
thousands = "."
[fields]
date = { column = "Date", format = ["DD.MM.YYYY", "YYYY-MM-DD"] }
quantity = { column = "Hours", decimals = 2 }
currency = { value = "EUR" }
class = { column = "Kind", values = { Work = "time", Costs = "expense" }, default = "time" }
"""


def test_contracts_lines_and_rates_are_looked_up_and_the_most_exact_row_counts(
    tmp_path: Path,
) -> None:
    written(tmp_path, "Who;unit_price;role\nAda;1.200,50;Architect\n*;80;\n", "rates.csv")
    rows = [
        ("1", "05.10.2026", "0:20", "Work", " port ", "Quay", "Ada"),
        ("2", "2026-10-06", "1.000,255", "Costs", "PORT", "quay", "Bo"),
        ("3", "05.10.2026", "1", "", "Port", "Pier", "ada"),
        ("4", "05.10.2026", "1", "Work", "Us", "Tea", "Ada"),
        ("5", "05.10.2026", "1", "Work", "City", "Bridge", "Ada"),
    ]
    text = "No;Date;Hours;Kind;Client;Project;Who\n" + "".join(f"{';'.join(r)}\n" for r in rows)
    file = csv_file(written(tmp_path, text), OWN + LOOKUPS)
    found = good(file).values()
    told = ("line_id", "quantity", "unit_price", "role")
    assert [
        (e["id"], e["type"].split(".")[1], *(e["data"].get(name) for name in told)) for e in found
    ] == [
        ("1", "time", "QUAY", "0.33", "1200.50", "Architect"),
        ("2", "expense", "COSTS", "1000.26", "80", None),
        ("3", "time", "ANY", "1", "1200.50", "Architect"),
    ]
    assert wrong(file)[6] == (
        "Client, Project, class: no look-up gives contract_id for 'City', 'Bridge': add a row; "
        "Client, Project, class: no look-up gives line_id for 'City', 'Bridge': add a row"
    )
    assert sum(entry.is_skipped for entry in entries(file)) == 1


MISTAKES = """
sourc = "x"
id = "No"
[numbers]
decimal = ";"
[file]
encoding = "klingon"
delimiter = "ab"
[fields]
dates = "Date"
date = { column = "Date", format = ["DD/MM/YYYY", "MM/DD/YYYY"] }
quantity = { column = "Hours", value = "1" }
currency = { value = "Euro" }
class = { value = "work" }
line_id = 7
billing_type = { column = "Billable", values = { Yes = "charged" } }
[[lookup]]
by = "Project"
rows = [{ Project = "A", contract_id = "no id", foo = "x" }, { Project = "a" }]
[[lookup]]
by = ["Who"]
file = "nowhere.csv"
"""


def test_every_mistake_of_a_map_is_named_at_once_with_what_would_be_right(tmp_path: Path) -> None:
    with pytest.raises(BadMap) as caught:
        map_of(MISTAKES.encode(), "mine.toml", tmp_path)
    told = str(caught.value).splitlines()
    assert told[0] == "the map mine.toml has mistakes:"
    for start, right in {
        "sourc:": "perhaps source",
        "source:": 'source = "harvest"',
        "id:": 'id = { column = "ID" }',
        "numbers.decimal:": '"." or ","',
        "file.encoding:": '"cp1252"',
        "file.delimiter:": "left out, it is found",
        "fields.dates:": "there are class, contract_id",
        "fields.date.format:": "can't be told apart",
        "fields.quantity:": "one of column, columns",
        "fields.currency:": "such as EUR",
        "fields.class:": "time, expense",
        "fields.line_id:": '{ column = "Project" }',
        "fields.billing_type:": "chargeable, non_chargeable",
        "lookup 1, row 1: contract_id:": "1 to 64 of",
        "lookup 1, row 1: 'foo'": "neither a column",
        "lookup 1, row 2:": "take one out",
        "lookup 2.file:": "can't be read",
        "fields.unit_price:": "is required",
    }.items():
        assert [right in line for line in told if line.strip().startswith(start)] == [True], start


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "fields.date: is required"),
        (b"= 1", "x.toml is no TOML: "),
        (b"source\xff", "x.toml is no TOML: byte 7 is no UTF-8"),
        (b"[fields]\n[fields]", "x.toml is no TOML: "),
        (b"source = " + b"[" * 5_000, "x.toml is no TOML that can be read: it is nested too deep"),
        (b"fields = 1\nlookup = 2\nid = 3", "fields: must be a table, under [fields]"),
    ],
)
def test_what_is_no_map_at_all_is_refused_with_why(text: bytes, told: str) -> None:
    with pytest.raises(BadMap, match=r"x\.toml") as refused:
        map_of(text, "x.toml", Path())
    assert told in str(refused.value)
    assert "codec" not in str(refused.value)


def test_a_cell_that_is_none_of_the_values_is_told_with_those_that_are(tmp_path: Path) -> None:
    """Those of the map, or where it names none, those of the field."""
    kind = 'class = { column = "Kind", values = { Work = "time", Costs = "expense" } }\n'
    billing = 'billing_type = "Billed"\n'
    path = written(
        tmp_path, "Kind,Billed," + HEAD + "Play,chargeable," + row() + "Work,yes," + row()
    )
    assert wrong(csv_file(path, MAP + kind + billing)) == {
        2: "Kind: 'Play' is none of the map's values for class: work, costs",
        3: "Billed: 'yes' is none of chargeable, non_chargeable, complimentary, "
        "not_available; say what it is in the map: values",
    }


@pytest.mark.parametrize(
    "given", ["1", "true", "[]", "[1]", "{}", "2026-10-05", "1.5", '""', "[{}]"]
)
@pytest.mark.parametrize(
    "key", ["source", "id", "file", "numbers", "fields", "skip", "only", "lookup"]
)
def test_a_part_of_another_type_is_a_mistake_and_no_crash(key: str, given: str) -> None:
    rest = MAP.replace('source = "sheet"\n', "").replace('id = { digest = "row" }\n', "")
    with pytest.raises(BadMap) as caught:
        map_of(f"{key} = {given}\n{rest if key != 'fields' else ''}".encode(), "x.toml", Path())
    assert "source" in str(caught.value)


def test_a_file_that_does_not_fit_names_all_that_is_missing_and_what_it_has(tmp_path: Path) -> None:
    file = csv_file(
        written(tmp_path, "Contract,Day,Day,Rate\nC1,x,y,1\n"), MAP.replace('"Date"', '"Day"')
    )
    with pytest.raises(BadFile) as caught:
        file.check()
    assert str(caught.value) == (
        "hours.csv does not fit the map test.toml: it has more than one column 'Day' (for "
        "fields.date), no column 'Hours' (for fields.quantity); it has the columns Contract, Day, "
        "Day, Rate"
    )


def test_a_chargeable_row_at_no_price_is_refused_and_one_that_is_not_charged_is_not(
    tmp_path: Path,
) -> None:
    text = MAP.replace('unit_price = "Rate"', 'unit_price = { column = "Rate", not_zero = true }')
    text += (
        'billing_type = { column = "Note", values = { y = "chargeable", n = "complimentary" } }\n'
    )
    path = written(
        tmp_path, HEAD + row("y", rate="0.00") + row("n", rate="0.0") + row("n", rate="")
    )
    assert wrong(csv_file(path, text)) == {
        2: "Rate: is 0 in a row that is charged: give it a price, or a billing type"
    }
    path = written(tmp_path, HEAD + row("y", rate="") + row("", rate=""))
    assert wrong(csv_file(path, text))[2] == "Rate: is empty, and unit_price must be there"


def test_amounts_are_divided_by_the_exact_quantity(tmp_path: Path) -> None:
    text = MAP.replace('unit_price = "Rate"', 'unit_price = { column = "Rate", per = "quantity" }')
    rows = (
        row("a", hours="0:20", rate="30")
        + row("b", hours="3", rate="100")
        + row(hours="0", rate="0")
    )
    path = written(tmp_path, HEAD + rows + row(hours="0", rate="5"))
    file = csv_file(path, text)
    found = good(file).values()
    assert [event["data"]["unit_price"] for event in found] == ["90", "33.333333", "0"]
    assert wrong(file) == {5: "Rate: an amount of '5' for no quantity has no price"}

"""CSV as it lies there: encodings, delimiters, quotation marks, and rows with mistakes."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.importing.csv_files.rows import LONGEST_ROW
from service.importing.entries import BadFile, Share
from tests.service.importing.reading_csv import (
    HEAD,
    MAP,
    Json,
    csv_file,
    entries,
    events,
    good,
    notes,
    row,
    written,
    wrong,
)

NOTE = "Kai, südlich: 波止場"


def with_encoding(name: str) -> str:
    return MAP.replace("[fields]", f'[file]\nencoding = "{name}"\n[fields]')


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_line_ends_and_delimiters_make_no_difference(
    tmp_path: Path, mark: bytes, encoding: str, end: str, delimiter: str
) -> None:
    quoted = f'"{NOTE}\n""two"""'
    text = (HEAD + row("x") + row()).replace(",", delimiter).replace("x", quoted)
    path = written(tmp_path, mark + text.replace("\n", end).encode(encoding))
    plain = written(tmp_path, HEAD + row(quoted) + row(), "plain.csv")
    found = events(csv_file(path))
    assert [event["id"] for event in found] == [event["id"] for event in events(csv_file(plain))]
    assert [n.replace("\r", "") for n in notes(csv_file(path))] == [f'{NOTE}\n"two"', ""]
    assert sum(entry.size for entry in entries(csv_file(path))) == path.stat().st_size


def test_an_encoding_that_the_map_names_is_used_where_no_mark_says_otherwise(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, (HEAD + row("Müller")).encode("cp1252"))
    assert notes(csv_file(path, with_encoding("cp1252"))) == ["Müller"]
    assert 'encoding = "cp1252"' in wrong(csv_file(path))[2]
    path = written(tmp_path, b"\xef\xbb\xbf" + (HEAD + row("Müller")).encode())
    assert notes(csv_file(path, with_encoding("cp1252"))) == ["Müller"]


def test_a_quotation_mark_that_is_never_closed_takes_no_other_row_with_it(tmp_path: Path) -> None:
    good = [row(f"{n}") for n in range(5)]
    stray = 'C1,2026-10-05,1,10.00,"never closed\n'
    path = written(
        tmp_path, HEAD + good[0] + stray + good[1] + row('"two\nlines"') + stray + good[2]
    )
    assert notes(csv_file(path)) == ["0", "1", "two\nlines", "2"]
    assert [*wrong(csv_file(path))] == [3, 7]


def test_rows_with_more_or_fewer_cells_are_bad_and_named_by_their_first_line(
    tmp_path: Path,
) -> None:
    rows = ["C1,2026-10-05,1\n", row("ok"), "C1,2026-10-05,1,10,x,y\n", "C1,2026-10-05,1,10,z,,\n"]
    path = written(tmp_path, HEAD + "".join(rows) + "\n , \n" + row('"a\nb"') + "x\n")
    assert notes(csv_file(path)) == ["ok", "z", "a\nb"]
    told = wrong(csv_file(path))
    assert [*told] == [2, 4, 10]
    assert told[2] == "row: has 3 cells, the headings are 5"


def test_all_that_is_wrong_with_a_row_is_told_by_column(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "C 1,5.10.2026,x,y,\n" + row(contract="", hours=""))
    told = wrong(csv_file(path))
    assert all(f"{column}: '" in told[2] for column in ("Contract", "Date", "Hours", "Rate"))
    assert told[3] == (
        "Contract: is empty, and contract_id must be there; "
        "Hours: is empty, and quantity must be there"
    )


def test_equal_rows_are_entries_of_their_own_and_the_same_ones_again(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + row("a") + row("b") + row("a") + row("a"))
    ids = [event["id"] for event in events(csv_file(path))]
    assert len(set(ids)) == 4
    assert [ids[2], ids[3]] == [f"{ids[0]}-2", f"{ids[0]}-3"]
    assert [event["id"] for event in events(csv_file(path))] == ids


def test_an_id_column_gives_ids_and_each_row_needs_one(tmp_path: Path) -> None:
    text = MAP.replace('{ digest = "row" }', '{ column = "Note" }')
    path = written(tmp_path, HEAD + row("7") + row("") + row("x y"))
    assert [*wrong(csv_file(path, text))] == [3, 4]
    assert [event["id"] for event in good(csv_file(path, text)).values()] == ["7"]


def test_every_row_is_in_one_share_and_ids_are_the_same_in_all(tmp_path: Path) -> None:
    rows = [row(f"{n % 3}", contract=f"C{n % 5}") for n in range(60)] + ["x\n", row(contract="")]
    file = csv_file(written(tmp_path, HEAD + "".join(rows)))
    lines: list[int] = []
    shared: dict[int, Json] = {}
    for number in range(3):
        share = Share(number=number, of=3)
        lines += [entry.number for entry in entries(file, share)]
        shared |= good(file, share)
    assert sorted(lines) == [*range(1, 64)]
    assert shared == good(file)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_told(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadFile, match="is empty: a CSV file begins with a line of headings"):
        csv_file(written(tmp_path, content)).check()


def test_a_row_that_is_too_long_is_one_bad_row_and_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD + row("a"))
        for _ in range(3):
            file.write(row("x" * 20 * LONGEST_ROW))
            file.write(row('"' + "y\n" * 100))
        file.write(row("b") + row("z" * 200_000) + row("c"))
    tracemalloc.start()
    try:
        assert notes(csv_file(path))[0] == "a"
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert notes(csv_file(path))[-2:] == ["b", "c"]
    assert most < 20 * LONGEST_ROW
    told = [*wrong(csv_file(path)).values()]
    assert f"row: has more than {LONGEST_ROW} characters" in told
    assert "row: has a cell of more than 131072 characters" in told


@given(
    st.lists(st.binary(max_size=60), max_size=12),
    st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_bytes_follow_the_headings_no_row_stops_another(
    tmp_path: Path, parts: list[bytes], mark: bytes
) -> None:
    name = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "utf-8")
    hostile = b"".join(part.replace(b"\x22", b"") + "\n".encode(name) for part in parts)
    text = (HEAD + row("first")).encode(name)
    last = ("\n" + row("last")).encode(name)
    padding = b"\n" if len(hostile) % 2 and name != "utf-8" else b""
    path = written(tmp_path, mark + text + hostile + padding + last)
    found = notes(csv_file(path))
    assert found[0] == "first"
    if name == "utf-8":
        assert found[-1] == "last"


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=6)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_in_quotation_marks_comes_in_as_it_is(tmp_path: Path, texts: list[str]) -> None:
    quoted = [row('"' + text.replace('"', '""') + '"') for text in texts]
    found = notes(csv_file(written(tmp_path, HEAD + "".join(quoted))))
    assert found == [text.strip() for text in texts]

"""Numbers, hours, dates and ids: every form that they are printed in reads back as what it was."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.importing.csv_files.formats import (
    DateFormat,
    Dates,
    NumberFormat,
    Numbers,
    Wrong,
    currency,
    id_of_name,
    upstream_id,
)

FORMATS = [
    NumberFormat(decimal, thousands)
    for decimal in ".,"
    for thousands in ("", ",", ".", " ", "'")
    if decimal != thousands
]
PLAIN, COMMA = Numbers(NumberFormat()), Numbers(NumberFormat(",", "."))
DECIMALS = st.decimals(
    min_value=-999_999_999_999, max_value=999_999_999_999, places=6, allow_nan=False
)
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def printed(number: Decimal, form: NumberFormat, grouping: str) -> str:
    text = f"{number:,f}" if form.thousands else f"{number:f}"
    return text.replace(",", "~").replace(".", form.decimal).replace("~", grouping)


@given(DECIMALS, st.sampled_from(FORMATS), st.booleans())
def test_a_number_printed_in_any_format_reads_back(
    number: Decimal, form: NumberFormat, is_narrow: bool
) -> None:
    grouping = {" ": "\u202f", "'": "\u2019"}.get(form.thousands) if is_narrow else None
    read = Numbers(form).number(printed(number, form, grouping or form.thousands))
    assert Decimal(read) == number


@given(st.integers(0, 24 * 3600 * 40), st.booleans(), st.booleans())
def test_hours_and_minutes_read_back_to_the_second(
    seconds: int, is_negative: bool, is_padded: bool
) -> None:
    sign, width = ("-" if is_negative else ""), (2 if is_padded else 1)
    text = f"{sign}{seconds // 3600:0{width}}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    read = Decimal(PLAIN.hours(text))
    assert round(read * 3600) == (-seconds if is_negative else seconds)
    assert Decimal(PLAIN.hours(text.rpartition(":")[0])) * 60 == pytest.approx(
        Decimal(-1 if is_negative else 1) * (seconds // 60), abs=Decimal("0.0001")
    )


@given(DATES, st.sampled_from(["YYYY-MM-DD", "DD.MM.YYYY", "M/D/YYYY", "D. M. YY", "YYYYMMDD"]))
def test_a_date_printed_in_any_form_reads_back(day: date, form: str) -> None:
    parts = {
        "YYYY": f"{day.year}",
        "YY": f"{day.year % 100:02}",
        "MM": f"{day.month:02}",
        "DD": f"{day.day:02}",
        "M": f"{day.month}",
        "D": f"{day.day}",
    }
    text = form
    for token in ("YYYY", "YY", "MM", "DD"):
        text = text.replace(token, parts[token])
    text = text.replace("M", parts["M"]).replace("D", parts["D"])
    assert Dates((DateFormat(form),)).date(text) == day.isoformat()


@given(st.text(max_size=80))
def test_any_other_text_is_wrong_and_told_shortly(text: str) -> None:
    readers = (
        PLAIN.number, COMMA.number, PLAIN.hours, Dates((DateFormat("DD/MM/YYYY"),)).date, currency,
        upstream_id, id_of_name,
    )  # fmt: skip
    for read in readers:
        made = told(read, text)
        assert len(made) < 300
        assert made.isprintable()


def told(read: Callable[[str], str], text: str) -> str:
    """What a reader makes of a text, or what it says is wrong with it."""
    try:
        return read(text)
    except Wrong as error:
        return str(error)


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", ",", "1.", "1e5", "NaN", "1 000", "1,5", "1.5.5", "0x1", "\u0661", "1\n", "$5"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        PLAIN.number(text)


@pytest.mark.parametrize("text", ["1.5", "1,5000.0", "12.34,5", "1.234.5"])
def test_thousands_are_groups_of_three(text: str) -> None:
    with pytest.raises(Wrong):
        COMMA.number(text)


def test_a_number_of_another_format_is_told_with_what_would_be_right() -> None:
    with pytest.raises(Wrong, match=r"'7,5' .* decimal = '\.'; if ',' is the decimal sign, say so"):
        PLAIN.hours("7,5")
    with pytest.raises(Wrong, match=r"'1,234.50' .*thousands = ''; say what it is"):
        PLAIN.number("1,234.50")


@pytest.mark.parametrize("text", ["7:5", "7:60", "7:30:60", ":30", "7:30:00:00", "7h30", "1:-5"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        PLAIN.hours(text)


@pytest.mark.parametrize(
    ("text", "decimals", "hours"),
    [("0:20", 6, "0.333333"), ("0:20", 2, "0.33"), ("0:03", 1, "0.1"), ("1.005", 2, "1.01"),
     ("-0:15", 2, "-0.25"), ("7.50", 6, "7.50")],
)  # fmt: skip
def test_hours_are_rounded_half_up_to_the_decimals_told(
    text: str, decimals: int, hours: str
) -> None:
    assert PLAIN.hours(text, decimals) == hours


def test_a_date_of_another_form_is_told_with_what_would_be_right() -> None:
    iso = Dates((DateFormat("YYYY-MM-DD"),))
    with pytest.raises(Wrong, match=r"no date of the form YYYY-MM-DD; if dates are DD.MM.YYYY"):
        iso.date("31.12.2026")
    for text in ("2026-02-30", "2026-2-3", "2026-13-01", "today"):
        with pytest.raises(Wrong):
            iso.date(text)
    assert Dates((DateFormat("YYYY-MM-DD*"),)).date("2026-10-05 09:30") == "2026-10-05"


@pytest.mark.parametrize("form", ["", "DMY", "YYYY-MM", "YYYY-MM-DD-DD", "%Y-%m-%d", "DD MMM YYYY"])
def test_a_form_of_dates_has_each_part_once(form: str) -> None:
    with pytest.raises(Wrong):
        DateFormat(form)


def test_a_currency_is_its_code_or_ends_with_it() -> None:
    codes = [currency(text) for text in ("EUR", "Euro - EUR", "Pound - Sterling - GBP")]
    assert codes == ["EUR", "EUR", "GBP"]
    for text in ("eur", "Euro", "EURO", "€", "x EUR"):
        with pytest.raises(Wrong):
            currency(text)


def test_an_id_is_made_of_a_name_unless_something_of_it_would_be_lost() -> None:
    made = {name: id_of_name(name) for name in ("Harbour terminal", "Brücke & Straße", "P-1.2:3_x")}
    assert [*made.values()] == ["Harbour-terminal", "Brucke-Strasse", "P-1.2:3_x"]
    for name in ("", "&", "東京 A", "Αθήνα", "n" * 65):
        with pytest.raises(Wrong, match="look-up"):
            id_of_name(name)

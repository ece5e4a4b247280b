"""Numbers, hours, dates, currencies and ids as files write them, made what events take.

Each answers with the text of the event's field, or raises Wrong: what is wrong with the text, and
what would be right.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from service.wire.problem.problems import shown

MOST_DECIMALS = 6
"""Decimals of a quantity or a price that is reckoned here, as D-1 has them."""
LONGEST_ID = 64
_SHOWN = 30
"""Characters of a bad text that are repeated."""
_SPACES = " \u00a0\u202f\u2009"
_APOSTROPHES = "'\u2019"
_HOURS = re.compile(r"([+-]?)(\d{1,6}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_CURRENCY = re.compile(r"(?:.* [-\u2013] )?([A-Z]{3})", re.DOTALL)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_NOT_OF_IDS = re.compile(r"[^A-Za-z0-9._:-]+", re.ASCII)
_SPELLED = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE"}
    | {"œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "\u0131": "i"}
)


class Wrong(ValueError):
    """A text is not what it should be."""


def quoted(text: str) -> str:
    """A bad text, short enough to be repeated."""
    return f"'{shown(text, _SHOWN)}'"


# --- numbers and hours -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How numbers are written: the decimal sign, and what stands between thousands, if anything."""

    decimal: str = "."
    thousands: str = ""

    def pattern(self) -> str:
        """The pattern of a number; its groups are the sign, the whole part and the decimals."""
        between = self.thousands
        if between == " ":
            between = _SPACES
        elif between == "'":
            between = _APOSTROPHES
        grouped = rf"|\d{{1,3}}(?:[{re.escape(between)}]\d{{3}})+" if between else ""
        return rf"([+-]?)(\d{{1,12}}{grouped})?(?:{re.escape(self.decimal)}(\d{{1,12}}))?"


class Numbers:
    """Reads numbers of one format."""

    def __init__(self, form: NumberFormat) -> None:
        self._form = form
        self._pattern = re.compile(form.pattern(), re.ASCII)
        self._plain = re.compile(r"-?\d{1,12}(\.\d{1,12})?" if form.decimal == "." else "(?!)")

    def number(self, text: str) -> str:
        """A plain decimal: at most 12 digits, and 12 decimals."""
        if self._plain.fullmatch(text) and text.isascii():
            return text
        found = self._pattern.fullmatch(text.replace("\u2212", "-"))
        if not found or (found[2] is None and found[3] is None):
            raise Wrong(f"{quoted(text)} is no number{self._hint(text)}")
        whole = "".join(char for char in found[2] or "0" if char.isdigit())
        if len(whole) > 12:
            raise Wrong(f"{quoted(text)} has more than 12 digits")
        sign = "-" if found[1] == "-" else ""
        return f"{sign}{whole}.{found[3]}" if found[3] else f"{sign}{whole}"

    def hours(self, text: str, decimals: int = MOST_DECIMALS) -> str:
        """Hours, from a number or from `h:mm` or `h:mm:ss`, rounded half-up to so many decimals.

        A number is left as it is where no fewer decimals are asked for.
        """
        if ":" not in text and decimals == MOST_DECIMALS:
            return self.number(text)
        return plain(rounded(self.exact_hours(text), decimals))

    def exact_hours(self, text: str) -> Decimal:
        """The same before it is rounded."""
        if ":" not in text:
            return Decimal(self.number(text))
        found = _HOURS.fullmatch(text.replace("\u2212", "-"))
        if not found:
            raise Wrong(f"{quoted(text)} are no hours: write 7.5, 7:30 or 7:30:00")
        seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)
        return Decimal(-seconds if found[1] == "-" else seconds) / 3600

    def _hint(self, text: str) -> str:
        decimal = self._form.decimal
        other = "," if decimal == "." else "."
        if decimal not in text and text.count(other) == 1:
            return f": the map has decimal = '{decimal}'; if '{other}' is the decimal sign, say so"
        if other in text or any(space in text for space in _SPACES + _APOSTROPHES):
            return (
                f": the map has thousands = '{self._form.thousands}'; say what it is in [numbers]"
            )
        return f", such as 1234{decimal}50"


def rounded(number: Decimal, decimals: int) -> Decimal:
    """Half-up, away from zero."""
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def plain(number: Decimal) -> str:
    """The number without exponent or needless zeros."""
    return f"{number.normalize() + 0:f}"


# --- dates -------------------------------------------------------------------------------------

_TOKEN = re.compile("YYYY|YY|MM|M|DD|D")
_PARTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<year>\d\d)",
    "MM": r"(?P<month>\d\d)",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d\d)",
    "D": r"(?P<day>\d{1,2})",
}
_BETWEEN = re.compile(r"[ ./,-]*")
_USUAL = ("YYYY-MM-DD", "DD.MM.YYYY", "MM/DD/YYYY", "DD/MM/YYYY", "YYYY/MM/DD", "DD-MM-YYYY")
_CENTURY = 2000


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How dates are written: YYYY or YY, MM or M, DD or D; `*` at the end for what may follow."""

    text: str

    def __post_init__(self) -> None:
        body = self.text.removesuffix("*")
        parts = sorted(part[0] for part in _TOKEN.findall(body))
        if parts != ["D", "M", "Y"] or not _BETWEEN.fullmatch(_TOKEN.sub("", body)):
            raise Wrong(
                f"{quoted(self.text)} is no form of dates: write one of year, month and day each, "
                "such as 'YYYY-MM-DD', 'DD.MM.YYYY' or 'M/D/YYYY'"
            )

    def pattern(self) -> re.Pattern[str]:
        """What is a date of this form."""
        body = self.text.removesuffix("*")
        parts = (
            _PARTS.get(part, re.escape(part)) for part in re.split(f"({_TOKEN.pattern})", body)
        )
        rest = ".*" if self.text.endswith("*") else ""
        return re.compile("".join(parts) + rest, re.ASCII | re.DOTALL)

    def look(self) -> str:
        """What two forms have in common that can't be told apart."""
        return _TOKEN.sub(lambda part: part[0] if part[0][0] == "Y" else "#", self.text.rstrip("*"))


class Dates:
    """Reads dates of some formats, of which each date is of one."""

    def __init__(self, formats: tuple[DateFormat, ...]) -> None:
        self._formats = formats
        self._patterns = [each.pattern() for each in formats]

    def date(self, text: str) -> str:
        """The date as ISO 8601 writes it."""
        for pattern in self._patterns:
            if found := _found(pattern, text):
                return found
        forms = " or ".join(each.text for each in self._formats)
        others = [form for form in _USUAL if _found(DateFormat(form).pattern(), text)]
        hint = f"; if dates are {' or '.join(others)}, say so in the map" if others else ""
        raise Wrong(f"{quoted(text)} is no date of the form {forms}{hint}")


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.fullmatch(text)
    if not found:
        return None
    year = int(found["year"])
    try:
        day = date(
            year if len(found["year"]) > 2 else _CENTURY + year,
            int(found["month"]),
            int(found["day"]),
        )
    except ValueError:
        return None
    return day.isoformat()


# --- currencies and ids ------------------------------------------------------------------------


def currency(text: str) -> str:
    """A currency's code, also where a name stands before it: `Euro - EUR`."""
    found = _CURRENCY.fullmatch(text)
    if not found:
        raise Wrong(f"{quoted(text)} is no code of a currency, such as EUR")
    return found[1]


def upstream_id(text: str) -> str:
    """An id as it stands."""
    if not _ID.fullmatch(text):
        raise Wrong(
            f"{quoted(text)} is no id: 1 to 64 of A-Z, a-z, 0-9, '.', '_', ':' and '-'. "
            'as = "id" makes one of a name, a look-up gives it another'
        )
    return text


def id_of_name(name: str) -> str:
    """An id made of a name: letters without their accents, `-` for what is none.

    Two names that differ in nothing else become the same id.
    """
    letters = unicodedata.normalize("NFKD", name.translate(_SPELLED))
    made = "".join(char for char in letters if not unicodedata.combining(char))
    foreign = [char for char in made if char.isalnum() and not char.isascii()]
    made = _NOT_OF_IDS.sub("-", made).strip("-")
    if foreign or not made or len(made) > LONGEST_ID:
        raise Wrong(f"of {quoted(name)} no id can be made: give it one by a look-up")
    return made

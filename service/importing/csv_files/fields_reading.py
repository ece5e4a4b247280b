"""The fields of a map as they are written: where each gets its value, and what is made of it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from service.importing.csv_files.formats import (
    MOST_DECIMALS,
    DateFormat,
    NumberFormat,
    Numbers,
    Wrong,
    currency,
    upstream_id,
)
from service.importing.csv_files.map import BILLING_TYPES, CLASSES, FIELDS, IDS, Value

Json = dict[str, Any]
_SOURCES = ("column", "columns", "first", "heading", "value")
_OPTIONS: dict[str, tuple[str, ...]] = {
    "date": ("format",),
    "quantity": ("decimals",),
    "billable_quantity": ("decimals",),
    "unit_price": ("per", "not_zero"),
    **dict.fromkeys((*IDS, "task_id", "id"), ("as",)),
}
"""What can be said of some fields alone."""
_ALWAYS = ("default", "optional", "values")
_CHOICES = {"class": CLASSES, "billing_type": BILLING_TYPES}
_SUCH = 'a heading, such as "Project", or a table, such as { column = "Project" }'


def shown_names(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names)


def checked(field: str, text: str, numbers: Numbers) -> str:
    """What a map says for a field itself, as an event has it. Raises Wrong."""
    match field:
        case "class" | "billing_type":
            if text not in _CHOICES[field]:
                raise Wrong(f"{text!r} is none of {shown_names(_CHOICES[field])}")
            return text
        case "quantity" | "billable_quantity":
            return numbers.hours(text)
        case "unit_price" | "tax":
            return numbers.number(text)
        case "currency":
            return currency(text)
        case "contract_id" | "line_id":
            return upstream_id(text)
        case _:
            return text


class Fields:
    """Reads fields; what is wrong with them is added to `wrong`."""

    def __init__(self, numbers: NumberFormat, wrong: list[str]) -> None:
        self._numbers = Numbers(numbers)
        self._wrong = wrong

    def all(self, given: object) -> Mapping[str, Value]:
        """The fields under [fields]."""
        if given is None:
            return {}
        if not isinstance(given, dict):
            self._wrong.append("fields: must be a table, under [fields]")
            return {}
        found: dict[str, Value] = {}
        for name, told in cast("Json", given).items():
            if name not in FIELDS:
                self._wrong.append(f"fields.{name}: is no field; there are {shown_names(FIELDS)}")
                continue
            value = self.value(f"fields.{name}", told, name)
            if value:
                found[name] = value
        return found

    def value(self, where: str, told: object, field: str = "id") -> Value | None:
        """One field; None where nothing can be made of it."""
        if isinstance(told, str):
            told = {"column": told}
        if not isinstance(told, dict):
            self._wrong.append(f"{where}: must be {_SUCH}")
            return None
        options = cast("Json", told)
        known = (*_SOURCES, *_ALWAYS, *_OPTIONS.get(field, ()))
        unknown = [key for key in options if key not in known]
        if unknown:
            self._wrong.append(
                f"{where}: {shown_names(unknown)} is not known; there are {shown_names(known)}"
            )
        sources = [key for key in _SOURCES if key in options]
        if len(sources) != 1:
            self._wrong.append(
                f"{where}: must have one of {shown_names(_SOURCES)}"
                + (f", not {shown_names(sources)} together" if sources else "")
            )
            return None
        return self._made(where, field, sources[0], options)

    def _made(self, where: str, field: str, source: str, options: Json) -> Value:
        constant = options.get("value")
        headings: tuple[str, ...] = ()
        if source == "value":
            constant = self._text(f"{where}.value", constant)
        else:
            headings = self._headings(f"{where}.{source}", options[source])
        value = Value(
            headings=headings,
            is_first=source == "first",
            of_heading=source == "heading",
            constant=constant,
            optional=self._flag(f"{where}.optional", options.get("optional", False)),
            default=self._text(f"{where}.default", options.get("default")),
            values=self._values(f"{where}.values", options.get("values")),
            as_id=self._is(f"{where}.as", options.get("as"), "id"),
            dates=self._dates(f"{where}.format", options.get("format", "YYYY-MM-DD")),
            decimals=self._decimals(f"{where}.decimals", options.get("decimals", MOST_DECIMALS)),
            per_quantity=self._is(f"{where}.per", options.get("per"), "quantity"),
            not_zero=self._flag(f"{where}.not_zero", options.get("not_zero", False)),
        )
        if source == "heading" and any(heading.count("*") != 1 for heading in headings):
            self._wrong.append(f'{where}.heading: must have one *, such as "Amount (*)"')
        for text in (value.constant, value.default, *(value.values or {}).values()):
            if not value.as_id:
                self._check(where, field, text)
        return value

    def _check(self, where: str, field: str, text: str | None) -> None:
        """Looks at a text of the map itself as it would be looked at in a row."""
        try:
            if text:
                checked(field, text, self._numbers)
        except Wrong as error:
            self._wrong.append(f"{where}: {error}")

    # --- options -------------------------------------------------------------------------------

    def _headings(self, where: str, given: object) -> tuple[str, ...]:
        texts = [given] if isinstance(given, str) else given
        if isinstance(texts, list) and texts:
            some = cast("list[object]", texts)
            if all(isinstance(each, str) and each.strip() for each in some):
                return tuple(cast("str", each).strip() for each in some)
        self._wrong.append(f'{where}: must be a heading, or a list of them: ["First Name"]')
        return ()

    def _text(self, where: str, given: object) -> str | None:
        if given is None or isinstance(given, str):
            return given
        if isinstance(given, int) and not isinstance(given, bool):
            return str(given)
        self._wrong.append(f'{where}: must be a text, in quotation marks: "{given}"')
        return None

    def _values(self, where: str, given: object) -> Mapping[str, str] | None:
        if given is None:
            return None
        if isinstance(given, dict):
            pairs = cast("Json", given)
            if all(isinstance(text, str) for text in pairs.values()):
                return {key.strip().casefold(): text for key, text in pairs.items()}
        self._wrong.append(f'{where}: must say what each cell stands for: {{ Yes = "chargeable" }}')
        return None

    def _flag(self, where: str, given: object) -> bool:
        if not isinstance(given, bool):
            self._wrong.append(f"{where}: must be true or false")
        return given is True

    def _is(self, where: str, given: object, only: str) -> bool:
        if given is not None and given != only:
            self._wrong.append(f'{where}: can only be "{only}"')
        return given == only

    def _decimals(self, where: str, given: object) -> int:
        if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= MOST_DECIMALS:
            return given
        self._wrong.append(f"{where}: must be a number from 0 to {MOST_DECIMALS}")
        return MOST_DECIMALS

    def _dates(self, where: str, given: object) -> tuple[DateFormat, ...]:
        found: list[DateFormat] = []
        for text in self._headings(where, given):
            try:
                found.append(DateFormat(text))
            except Wrong as error:
                self._wrong.append(f"{where}: {error}")
        looks = [each.look() for each in found]
        if len(set(looks)) < len(looks):
            forms = " and ".join(each.text for each in found)
            self._wrong.append(f"{where}: dates of {forms} can't be told apart: leave one out")
        return tuple(found)

"""Whole numbers on the command line: digits, and nothing else that Python reads as a number."""

import re
from typing import Any

import typer

_DIGITS = re.compile(r"-?[0-9]{1,18}")


def whole_number(least: int | None = None, most: int | None = None, text: str | None = None) -> Any:
    """An option that takes a number in a range; spaces, underlines, a plus and the like are none.

    `text` is its help.
    """

    def read(value: object) -> int:
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            raise typer.BadParameter(f"{value!r} is not a number in digits, like 1000")
        number = int(str(value))
        if (least is not None and number < least) or (most is not None and number > most):
            upwards = f"from {least} on" if most is None else f"from {least} to {most}"
            raise typer.BadParameter(f"{number} is not {upwards}")
        return number

    return typer.Option(min=least, max=most, parser=read, help=text)

"""The levels of not-to-exceed limits that an item failed at, as its totals are kept by them.

Rows keep them in JSON, with amounts that differ from row to row (D-31).
"""

from functools import lru_cache

from aggregates.statuses import LimitLevel

END = ","
"""Ends each level."""
_KEPT = 10_000


def within(level: LimitLevel) -> str:
    """What stands in the JSON of a row if, and only if, the row failed at that level."""
    return f'"{level.value}"'


@lru_cache(maxsize=_KEPT)
def failed_levels(nte_detail: str | None) -> str:
    """The levels in the JSON of a row, in the order they are checked in: `line,contract,`."""
    if nte_detail is None:
        return ""
    return "".join(f"{level.value}{END}" for level in LimitLevel if within(level) in nte_detail)


def told_apart(levels: str) -> list[LimitLevel]:
    """The levels that such a text is made of."""
    return [LimitLevel(level) for level in levels.split(END)[:-1]]

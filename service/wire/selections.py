"""All that match, in a body: a backlog view with its filters, in place of a list of items."""

from typing import Annotated, Any, Literal, cast

from pydantic import Field, model_validator

from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import BacklogList, list_fixed_price, list_time_and_material
from projections.views.kept_to import KeptTo
from service.wire.fields import LARGEST, OwnId, Wire
from service.wire.queries import BacklogFilters, FixedPriceFilters, SalesFilters

_ABOUT_FILTERS = "Filters are those of the view, lists where they may be repeated there."


class Expected(Wire):
    """What the caller saw of the list."""

    count: Annotated[int, Field(strict=True, ge=0, le=LARGEST)]


class _Matching(Wire, BacklogFilters):
    """What both views have in common."""

    without: tuple[OwnId, ...] = Field(
        (),
        alias="except",
        max_length=10_000,
        description="Items that are left out, whether they match or not.",
    )
    expect: Expected | None = Field(
        None,
        description="How many items match, less those left out. With another number of them the "
        "command is refused (409 `matching_changed`).",
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_empty_filters(cls, value: object) -> object:
        """A filter by none of all values would match nothing, or everything: who knows."""
        for name in _empty_lists(value):
            if name != "except":
                raise ValueError(f"{name}: an empty list filters nothing: leave it out")
        return value


class FixedPriceMatching(_Matching, FixedPriceFilters):
    __doc__ = f"""All that the fixed-price view lists with these filters. {_ABOUT_FILTERS}"""

    view: Literal["fixed-price"]


class SalesMatching(_Matching, SalesFilters):
    __doc__ = f"""All that the time-and-material view lists with these filters. {_ABOUT_FILTERS}"""

    view: Literal["time-and-material"]


AnyMatching = FixedPriceMatching | SalesMatching
Matching = Annotated[AnyMatching, Field(discriminator="view", title="Matching")]
LISTS: dict[str, BacklogList] = {
    "fixed-price": list_fixed_price,
    "time-and-material": list_time_and_material,
}
"""The lists of the views, by the names that bodies give them."""


def _empty_lists(value: object) -> list[str]:
    """The names of the members of an object that are lists of nothing."""
    members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return [name for name, member in members.items() if member == []]


def list_of(matching: AnyMatching, kept_to: KeptTo) -> tuple[BacklogList, BacklogFilter]:
    """The list that is meant, and what it is filtered by."""
    return LISTS[matching.view], matching.matching(kept_to)


def check_selected(items: object, matching: object) -> None:
    """Raises ValueError unless items are selected in one way."""
    if (items is None) == (matching is None):
        raise ValueError("give either `items` or `matching`")

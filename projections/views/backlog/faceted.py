"""Facets of a backlog view as callers get them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from projections.views.resource import Resource


class FacetValue(Resource):
    """A value of a facet: how many items have it."""

    value: str
    name: Annotated[
        str | None,
        Meta(description="Of a contract, a line or a customer; null of a line id that has several"),
    ]
    count: int

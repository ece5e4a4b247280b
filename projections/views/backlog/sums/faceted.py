"""Facets of a backlog view as callers ask for them and get them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from projections.views.resource import Resource

_OfBoth = Literal[
    "contract_id",
    "line_id",
    "project_id",
    "customer_id",
    "task_id",
    "currency",
    "billing_status",
    "billing_type",
]
FixedPriceFacet = Literal[_OfBoth, "milestone_status"]
SalesFacet = Literal[_OfBoth, "class", "nte_status", "resource", "role", "category"]
"""What each view has facets of."""


class FacetValue(Resource):
    """A value of a facet: how many items have it."""

    value: str
    name: Annotated[
        str | None,
        Meta(description="Of a contract, a line or a customer; null of a line id that has several"),
    ]
    count: int

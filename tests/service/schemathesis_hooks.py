"""What schemathesis can't see in an OpenAPI document by itself."""

import os
from typing import Any

import schemathesis

from aggregates.money import MINOR_UNITS

Json = dict[str, Any]
TOLD = {"x-tenant", "x-actor"}
"""What the token says, and a header then must not."""
CURRENCIES = sorted({decimals: code for code, decimals in sorted(MINOR_UNITS.items())}.values())
"""A currency for each number of decimals: every other one is treated as one of these."""
CHOOSING = ("DraftBody", "ItemsBody")
"""Bodies that choose items as the one that marks them does."""
STRUCTURED = "application/cloudevents+json"


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] - its own types are partial
def before_load_schema(context: schemathesis.HookContext, raw_schema: Json) -> None:
    """A token says tenant and actor, currencies are known ones, and no answer is without an end.

    The schema says only how the code of a currency looks: to clients, the list may grow.
    """
    raw_schema["paths"].pop("/v1/stream")
    for path in raw_schema["paths"].values():
        for operation in path.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [each for each in parameters if each["name"] not in TOLD]
    for model in raw_schema["components"]["schemas"].values():
        currency = model.get("properties", {}).get("currency")
        if currency and "pattern" in currency:
            currency["enum"] = CURRENCIES
    if os.environ.get("SCHEMATHESIS_FOLLOWS"):
        _for_links(raw_schema)
    elif not os.environ.get("SCHEMATHESIS_LONG"):
        _each_shape_once(raw_schema)


def _each_shape_once(raw_schema: Json) -> None:
    """What stands in several bodies is tried with all that can be wrong in one of them alone.

    Events of each type are posted one by one, and in a batch those of one type; items are chosen
    from each of the two views to be marked, and from one for all else.
    """
    schemas = raw_schema["components"]["schemas"]
    schemas["CloudEventBatch"]["items"] = schemas["CloudEvent"]["oneOf"][0]
    for name in CHOOSING:
        one_view = schemas["Matching"]["oneOf"][0]
        schemas[name]["properties"]["matching"] = {"anyOf": [one_view, {"type": "null"}]}


def _for_links(raw_schema: Json) -> None:
    """The body of a link is sent as it is, not laid over a random one, and in the mode it is in."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                for link in response.get("links", {}).values():
                    link["x-schemathesis"] = {"merge_body": False}
    content = raw_schema["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    for mode in content.keys() - {STRUCTURED}:
        del content[mode]
